import { deepStrictEqual, strictEqual } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  type BatchOptions,
  type BatchRecord,
  type CheckResult,
  checkBatch,
  FileError,
  type RowResult,
  type SendBatchHooks,
  type SendEvent,
  StoppedError,
  sendBatch,
  startSandbox,
  type VerifyBatchOptions,
  VerifyStoppedError,
  type VisitorVerdict,
  verifyBatch,
} from 'profile-drip';

/** A program as a user writes it: compiled and run against the packed package by .ci/run. */

const folder = await mkdtemp(join(tmpdir(), 'profile-drip-example-'));
const sandbox = await startSandbox();
const rows: RowResult[] = [];
const kinds = new Set<SendEvent['kind']>();
const options: BatchOptions = {
  clientCode: 'acme',
  endpoint: sandbox.url,
  out: folder,
  stateDir: join(folder, 'state'),
  tolerate: '1%',
  maxFailures: 20,
};
const hooks: SendBatchHooks = {
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

const ofRecords = await sendBatch(members(), { ...options, ...hooks, name: 'members', idType: 'thirdPartyId' });
strictEqual(ofRecords.jobs[0]?.rows.submitted, 2);
deepStrictEqual(sandbox.profile('visitor-1'), { tier: 'gold', points: '120' });

const bytes = Readable.from([Buffer.from('batch=thirdPartyId,tier\nvisitor-3,gold\n')], { objectMode: false });
const ofBytes = await sendBatch(bytes, { ...options, ...hooks, name: 'bytes' });
strictEqual(ofBytes.exit_status, 0);
strictEqual(rows.length, 3);
strictEqual(kinds.has('started'), true);

const checked: CheckResult = await checkBatch(members(), { clientCode: 'acme', idType: 'thirdPartyId' });
strictEqual(checked.files[0]?.rows.sendable, 2);

const verdicts: VisitorVerdict['verdict'][] = [];
const verifyOptions: VerifyBatchOptions = {
  ...options,
  sample: '50%',
  waitMs: 0,
  onVerdict: async ({ verdict }) => {
    verdicts.push(verdict);
  },
};
const loyalty = join(folder, 'loyalty.csv');
await writeFile(loyalty, 'batch=thirdPartyId,tier\nvisitor-4,gold\n');
await sendBatch(loyalty, options);
const verified = await verifyBatch(loyalty, { ...verifyOptions, sample: 'all' });
strictEqual(verified.files[0]?.verdicts.applied, 1);
deepStrictEqual(verdicts, ['applied']);
const unknown: unknown = await verifyBatch(join(folder, 'other.csv'), verifyOptions).catch((thrown: unknown) => thrown);
strictEqual(unknown instanceof VerifyStoppedError && unknown.code, 'job-missing');

const empty = join(folder, 'empty.csv');
await writeFile(empty, '');
const error: unknown = await sendBatch(empty, options).catch((thrown: unknown) => thrown);
strictEqual(error instanceof StoppedError && error.cause instanceof FileError, true);

await sandbox.close();
// A turn of the event loop closes what has ended.
await new Promise((resolve) => setImmediate(resolve));
const left = process
  .getActiveResourcesInfo()
  .filter((name) => /TCP|Timeout|Worker|MessagePort|FSReqPromise/.test(name));
deepStrictEqual(left, []);
await rm(folder, { recursive: true });
console.log('the example ran');
