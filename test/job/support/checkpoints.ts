import type { Checkpoint } from '../../../src/job/files/checkpoint.js';
import { firstResultByte } from '../../../src/job/results/read-results.js';

/** The first checkpoint of a job, but for what a test says. */
export function checkpointOf(changes: Partial<Checkpoint> = {}): Checkpoint {
  return {
    schema: 3,
    job: {
      clientCode: 'acme',
      endpoint: 'https://acme.tt.omtrdc.net',
      idColumn: null,
      idType: 'pcId',
      values: 'encoded',
      plus: null,
      delimiter: ',',
      encoding: 'utf-8',
      trim: false,
      only: [],
      skip: [],
      rename: [],
      nullWords: [],
    },
    runId: '6f1b6b0e-5b1f-4d53-9d5e-0a4c3f2b1a00',
    startedAtMs: Date.UTC(2026, 10, 23, 15, 17, 4),
    updatedAtMs: Date.UTC(2026, 10, 23, 15, 17, 5, 250),
    state: 'open',
    exitStatus: null,
    file: {
      name: 'drop.csv',
      sizeBytes: 1234,
      modifiedNs: '1795447024000000000',
      identity: '2049:131',
      isCompressed: false,
      sha256: null,
      fingerprint: { bytes: 0, digest: 'e3b0c442', blockCount: 0, chain: '00' },
    },
    next: { rowNumber: 1, lineNumber: 2, byte: 20 },
    results: { fromByte: firstResultByte, endByte: firstResultByte },
    counts: { submitted: 0, skipped: 0, unchanged: 0, invalid: 0, refused: 0, failed: 0, superseded: 0 },
    totalRows: null,
    readRowCount: 0,
    attempts: 0,
    routes: { update: 0, delivery: 0 },
    reasons: [],
    hints: { hints: [], idLengths: [] },
    openRows: [],
    lateUnits: 0,
    lateDeliveryUnits: 0,
    updates: { toRow: 1, lastAtMs: null, lastUptime: null },
    move: null,
    ...changes,
  };
}
