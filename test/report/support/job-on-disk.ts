import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, formatCheckpoint } from '../../../src/job/files/checkpoint.js';
import { type JobFiles, jobFilesIn } from '../../../src/job/files/job-files.js';
import type { LockViewer } from '../../../src/job/lock/find-holder.js';
import { type RowResult, resultsHeader } from '../../../src/job/results/result.js';
import { systemBootClock } from '../../../src/platform/clock.js';
import { realDisk } from '../../../src/platform/disk.js';
import { systemProcessProbe } from '../../../src/platform/process-probe.js';
import { makeReport, type ReportMade } from '../../../src/report/make-report.js';
import { resultLine } from '../../job/support/result-rows.js';
import { movedClock, temporaryFolder } from '../../support/index.js';

/** Job files as a run leaves them, and the report that is made of them. */

export const startMs = Date.UTC(2026, 0, 30, 20);

/** Row `rowNumber`, submitted with its first attempt, a second after the one before. */
export function row(rowNumber: number, other: Partial<RowResult> = {}): RowResult {
  return {
    rowNumber,
    lineNumber: rowNumber + 1,
    id: `c${rowNumber}`,
    status: 'submitted',
    httpStatus: 200,
    attempts: 1,
    durationMs: 40,
    finishedAtMs: startMs + rowNumber * 1000,
    reason: null,
    route: 'update',
    ...other,
  };
}

export function checkpoint(other: Partial<Checkpoint> = {}): Checkpoint {
  return {
    schema: 3,
    job: {
      clientCode: 'acmeretail',
      endpoint: 'https://acmeretail.tt.omtrdc.net',
      idColumn: null,
      idType: 'thirdPartyId',
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
    runId: 'run-1',
    startedAtMs: startMs,
    updatedAtMs: startMs + 60_000,
    state: 'complete',
    exitStatus: 0,
    file: {
      name: 'drop.csv',
      sizeBytes: 1,
      modifiedNs: '1',
      identity: '1:1',
      isCompressed: false,
      sha256: null,
      fingerprint: { bytes: 0, digest: '', blockCount: 0, chain: '' },
    },
    next: { rowNumber: 1, lineNumber: 2, byte: 0 },
    results: { fromByte: resultsHeader.length, endByte: resultsHeader.length },
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
    ...other,
  };
}

export interface JobOnDisk {
  /** `null`: no results file. */
  readonly results: readonly RowResult[] | string | null;
  /** Default: complete. `null`: none. */
  readonly checkpoint?: Checkpoint | null;
  readonly summary?: string;
  /** Default `drop.csv`. */
  readonly stem?: string;
}

export async function writeJob(job: JobOnDisk): Promise<JobFiles> {
  const files = jobFilesIn(await temporaryFolder(), job.stem ?? 'drop.csv');
  const { results } = job;
  if (results !== null) {
    const text = typeof results === 'string' ? results : resultsHeader + results.map(resultLine).join('');
    await writeFile(files.results, text);
  }
  const found = job.checkpoint === undefined ? checkpoint() : job.checkpoint;
  if (found !== null) await writeFile(files.checkpoint, formatCheckpoint(found));
  if (job.summary !== undefined) await writeFile(files.summary, job.summary);
  return files;
}

/** This machine, at that time. */
export function viewerAt(wallMs: number): LockViewer {
  return {
    disk: realDisk,
    clock: movedClock({ wallMs }),
    bootClock: systemBootClock,
    processProbe: systemProcessProbe,
  };
}

export function reportOn(files: JobFiles, timeZone = 'Europe/Berlin'): Promise<ReportMade> {
  return makeReport({
    machine: viewerAt(startMs + 86_400_000),
    files,
    naming: { file: join(files.folder, files.stem), out: null, name: null },
    timeZone,
    token: 'test-1',
  });
}

/** A folder of one's own with a name in it that nothing has. */
export async function nowhere(): Promise<string> {
  return join(await temporaryFolder(), 'drop.csv');
}
