import { deepStrictEqual, strictEqual } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  type BatchRecord,
  FileError,
  type RowResult,
  type SendBatchOptions,
  type SendEvent,
  StoppedError,
  sendBatch,
  startSandbox,
} from 'profile-drip';

/** A program as a user writes it: compiled and run against the packed package by .ci/run. */

const folder = await mkdtemp(join(tmpdir(), 'profile-drip-example-'));
const sandbox = await startSandbox();
const rows: RowResult[] = [];
const kinds = new Set<SendEvent['kind']>();
const options: SendBatchOptions = {
  clientCode: 'acme',
  endpoint: sandbox.url,
  out: folder,
  stateDir: join(folder, 'state'),
  tolerate: '1%',
  maxFailures: 20,
  onRow: async (row) => {
    rows.push(row);
  },
  onEvent: (event) => {
    kinds.add(event.kind);
  },
};

async function* members(): AsyncGenerator<BatchRecord> {
  yield { id: 'visitor-1', attributes: { tier: 'gold', points: 120 } };
  yield { id: 'visitor-2', attributes: { tier: 'silver', points: null } };
}

const ofRecords = await sendBatch(members(), { ...options, name: 'members', idType: 'thirdPartyId' });
strictEqual(ofRecords.jobs[0]?.rows.submitted, 2);
deepStrictEqual(sandbox.profile('visitor-1'), { tier: 'gold', points: '120' });

const bytes = Readable.from([Buffer.from('batch=thirdPartyId,tier\nvisitor-3,gold\n')], { objectMode: false });
const ofBytes = await sendBatch(bytes, { ...options, name: 'bytes' });
strictEqual(ofBytes.exit_status, 0);
strictEqual(rows.length, 3);
strictEqual(kinds.has('started'), true);

const empty = join(folder, 'empty.csv');
await writeFile(empty, '');
const error: unknown = await sendBatch(empty, options).catch((thrown: unknown) => thrown);
strictEqual(error instanceof StoppedError && error.cause instanceof FileError, true);

await sandbox.close();
await rm(folder, { recursive: true });
console.log('the example ran');
