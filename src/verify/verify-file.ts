import { type Batch, openBatch } from '../batch/open.js';
import { findDestination, unencryptedMessage } from '../endpoint/endpoint.js';
import { isSameContent } from '../job/decide-start.js';
import { type Checkpoint, differences } from '../job/files/checkpoint.js';
import { type JobFiles, jobFilesOf } from '../job/files/job-files.js';
import { loadCheckpoint } from '../job/files/read-checkpoint.js';
import { identityOf } from '../job/identity.js';
import { acquireLock, type Lock } from '../job/lock/lock.js';
import { openToken } from '../job/open-token.js';
import type { Machine } from '../job/terms/machine.js';
import { isTolerated } from '../job/terms/row-limits.js';
import { lostJobStop, maxDurationStop, type Stop, stopForAbort } from '../job/terms/stops.js';
import { openPacer } from '../pacing/pacer.js';
import type { DiskFile } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { readColumns } from '../target-api/columns.js';
import { makePreparer } from '../target-api/prepare.js';
import type { ErrorCode } from '../terms/codes.js';
import { ProfileDripError, UsageError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { Asker } from './asker.js';
import { drawVisitors, readOutcomes, readSubmissionTimes } from './read-job.js';
import type { Sample, VerifiedFile, VerifyHooks, VerifyOptions, VerifySnapshot } from './terms.js';
import { createVerifyLog, readVerifyLines } from './verify-log.js';
import { VerifyRun } from './verify-run.js';
import { isSameVerify, loadVerifyState, stateOf, writeVerifyState } from './verify-state.js';
import type { DrawnAfter } from './visitor-draw.js';
import { wilson } from './wilson.js';
import { writeNotFound } from './write-not-found.js';

export interface VerifyEnd {
  readonly exitStatus: ExitStatus;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** What lies behind `error`, where that is known. */
  readonly cause: Error | null;
  /** `null`: it ended before a visitor was asked about. */
  readonly verified: VerifiedFile | null;
}

/** An old edition of Adobe's page: 1,000,000 fetches in 24 hours. */
const fetchCap = 1_000_000;

interface Closable {
  close(): Promise<void>;
}

/** Verifies one FILE. Resolves with a status for all that a user can act on; rejects for an internal error. */
export async function verifyFile(
  file: string,
  options: VerifyOptions,
  hooks: VerifyHooks,
  machine: Machine,
): Promise<VerifyEnd> {
  let lock: Lock | null = null;
  const closers: Closable[] = [];
  try {
    if (file === '-') {
      const advice = 'send a file if you want to verify it';
      throw new UsageError(
        'verify-input',
        `standard input is not kept after its job, so it cannot be verified: ${advice}`,
      );
    }
    const files = jobFilesOf(file, options);
    const checkpoint = await loadCheckpoint(machine.disk, files.checkpoint);
    if (checkpoint === null || checkpoint.state === 'closed') throw noJob(files);
    const runId = machine.newRunId();
    lock = await acquireLock({ ...machine, path: files.verifyLock, runId });
    const batch = await openBatch(machine.disk, file, options);
    closers.push(batch);
    return await verifyJob({ file, files, options, hooks, machine, runId, lock, checkpoint, batch, closers });
  } catch (error) {
    if (!(error instanceof ProfileDripError)) throw error;
    const message = `${file}: ${error.message}`;
    return { exitStatus: error.exitStatus, error: { code: error.code, message }, cause: error, verified: null };
  } finally {
    for (const closer of closers.reverse()) await closer.close();
    await lock?.release();
  }
}

interface VerifyContext {
  readonly file: string;
  readonly files: JobFiles;
  readonly options: VerifyOptions;
  readonly hooks: VerifyHooks;
  readonly machine: Machine;
  readonly runId: string;
  readonly lock: Lock;
  readonly checkpoint: Checkpoint;
  readonly batch: Batch;
  readonly closers: Closable[];
}

async function verifyJob(context: VerifyContext): Promise<VerifyEnd> {
  const { file, files, options, hooks, machine, lock, checkpoint, batch, closers } = context;
  const { disk, clock, random } = machine;
  const destination = await findDestination(options, machine.lookUp, clock);
  const unencrypted = unencryptedMessage(destination, options.allowHttp);
  if (unencrypted !== null) throw new UsageError('endpoint-http', unencrypted);
  const columns = readColumns(batch.header, { ...options, delimiter: batch.format.delimiter });
  await requireSameJob(
    context,
    differences(checkpoint.job, identityOf({ options, destination }, columns, batch.format)),
  );

  const token = await openToken(context);
  const ledger = await machine.openLedger(options);
  closers.push(ledger);
  const { timeoutMs, giveUpMs, ratePerSecond, clientCode } = options;
  const { isLoopback, origin } = destination;
  const pacing = { limit: fetchCap, reserve: 0, pace: 'burst', kind: 'fetch', lateUnits: 0 } as const;
  const { pacer } = await openPacer(ledger, clock, machine.bootClock, {
    ...pacing,
    clientCode,
    isLoopback,
    ratePerSecond,
    timeoutMs,
    giveUpMs,
  });
  closers.push(pacer);
  const onAway = (found: string) => {
    const message = `the memory of --changed-only cannot be reached: ${found}; waiting`;
    hooks.onEvent?.({ kind: 'notice', level: 'warning', code: 'state-away', message });
  };
  const { signal = null } = hooks;
  const memory = await machine.openMemory({ options, origin, isLoopback, runId: context.runId, signal, onAway });
  if (memory !== null) closers.push(memory);
  const transport = await machine.openTransport(destination, options);
  closers.push(transport);

  const asker = new Asker({ clock, random, transport, pacer, lock, token }, { ...options, idType: columns.idType });
  const { log, isResumed, state } = await openLog(context);
  closers.push(log);
  const { onVerdict = () => {} } = hooks;
  const run = new VerifyRun({ clock, random, asker, memory, log, logPath: files.verify, onVerdict }, columns.idType);
  if (isResumed) await resume(log, run, files);

  const unwatch = watchStops(context, asker);
  try {
    const outcomes = await readOutcomes(disk, files.results, checkpoint.results.endByte);
    const prepare = makePreparer(columns, options);
    const visitorCount = await askSample(context, asker, run, { outcomes, prepare });
    const stop = asker.stopped;
    await onDisk(`write ${files.verify}`, () => log.sync());
    if (stop !== null) return endWith(context, run, visitorCount, stop, false);
    if (!(await isStillTheJob(context))) throw replacedJob();
    if (!(await holdsLock(lock))) return endWith(context, run, visitorCount, lostJobStop, false);
    const { notFound } = run;
    const hasNotFound = await writeNotFound(batch, {
      disk,
      path: files.notFound,
      runId: context.runId,
      prepare,
      outcomes,
      notFound,
    });
    await writeVerifyState(disk, files.verifyState, { ...state, state: 'complete' }, context.runId);
    return endWith(context, run, visitorCount, null, hasNotFound);
  } finally {
    unwatch();
    hooks.onEvent?.({ kind: 'ended', file });
    asker.close();
  }
}

async function requireSameJob({ files, machine, file, checkpoint, batch }: VerifyContext, changes: readonly string[]) {
  if (changes.length > 0) {
    const advice = 'Give the same options as for send';
    throw new UsageError('job-differs', `${files.checkpoint} belongs to another job: ${changes.join('; ')}. ${advice}`);
  }
  if (await isSameContent(machine.disk, file, checkpoint, batch)) return;
  throw new UsageError(
    'file-changed',
    'the file is no longer what was sent, so what its visitors should hold cannot be told. Put the content back that was sent, or send the new one first',
  );
}

/** The verdicts' file: of an interrupted verify as it is, else a new one. */
async function openLog({ machine: { disk }, files, checkpoint, options, runId }: VerifyContext) {
  const state = stateOf(checkpoint, sampleText(options.sample), 'open');
  const before = await loadVerifyState(disk, files.verifyState);
  const isThere = (await unlessMissing(disk.look(files.verify))) !== null;
  if (isThere && isSameVerify(before, state)) {
    return {
      log: await onDisk(`write ${files.verify}`, () => disk.open(files.verify, 'append')),
      isResumed: true,
      state,
    };
  }
  // In this order: a state never speaks of verdicts of another verify.
  await unlessMissing(disk.remove(files.verifyState));
  await unlessMissing(disk.remove(files.notFound));
  const log = await onDisk(`write ${files.verify}`, () => createVerifyLog(disk, files.verify));
  await writeVerifyState(disk, files.verifyState, state, runId);
  return { log, isResumed: false, state };
}

/** Takes what was written; a torn line at the end is cut off. */
async function resume(log: DiskFile, run: VerifyRun, { verify }: JobFiles): Promise<void> {
  const reading = await onDisk(`read ${verify}`, () => readVerifyLines(log, run.knows));
  if (reading !== null) return onDisk(`write ${verify}`, () => log.truncate(reading));
  throw new UsageError(
    'verify-damaged',
    `${verify} is not what an earlier verify wrote. Move it away, then run the same command again`,
  );
}

interface JobReading {
  readonly outcomes: Awaited<ReturnType<typeof readOutcomes>>;
  readonly prepare: ReturnType<typeof makePreparer>;
}

/** Asks about the whole sample, in draws that memory can hold. Resolves to how many visitors FILE has. */
async function askSample(
  { file, files, options, hooks, machine, checkpoint, batch }: VerifyContext,
  asker: Asker,
  run: VerifyRun,
  { outcomes, prepare }: JobReading,
): Promise<number> {
  const { disk, clock } = machine;
  const { sample, waitMs } = options;
  const untilMs = clock.monotonicMs() + waitMs;
  const { endByte } = checkpoint.results;
  let phase: VerifySnapshot['phase'] = 'reading';
  let toAskCount = 0;
  const snapshot = (): VerifySnapshot => ({
    file,
    phase,
    readBytes: batch.readBytes(),
    sizeBytes: batch.stat.sizeBytes,
    askedCount: run.askedCount,
    toAskCount,
    counts: { ...run.counts },
  });
  hooks.onEvent?.({ kind: 'started', file, snapshot });
  let leftCount = sample.kind === 'visitors' ? sample.visitors : Number.POSITIVE_INFINITY;
  const shareMax = sample.kind === 'share' ? sample.share : 1;
  let after: DrawnAfter | null = null;
  for (let visitorCount: number | null = null; ; ) {
    phase = 'reading';
    const isStopped = () => asker.stopped !== null;
    const seed = `${checkpoint.startedAtMs}/${checkpoint.job.clientCode}/${checkpoint.job.endpoint}`;
    const request = { seed, countMax: leftCount, shareMax, after, isStopped };
    const draw = await drawVisitors(batch, prepare, outcomes, request);
    visitorCount ??= draw.visitorCount;
    const { visitors, isLast } = draw.drawn();
    toAskCount =
      sample.kind === 'visitors' ? Math.min(sample.visitors, visitorCount) : Math.round(visitorCount * shareMax);
    const times = await readSubmissionTimes(disk, files.results, endByte, visitors);
    phase = 'asking';
    const open = visitors.filter((one) => !run.isDone(one));
    await run.ask(
      open,
      (rowNumber) => times.get(rowNumber) ?? null,
      untilMs,
      () => {
        phase = 'waiting';
      },
    );
    leftCount -= visitors.length;
    const last = visitors.at(-1);
    if (asker.stopped !== null || isLast || leftCount <= 0 || last === undefined) return visitorCount;
    after = { hash: last.hash, id: last.id };
  }
}

function watchStops({ options, hooks, machine, lock }: VerifyContext, asker: Asker): () => void {
  const onAbort = () => asker.stop(stopForAbort(hooks.signal?.reason));
  hooks.signal?.addEventListener('abort', onAbort, { once: true });
  if (hooks.signal?.aborted) onAbort();
  lock.onLost = ({ message }) => asker.stop({ ...lostJobStop, message });
  const { maxDurationMs } = options;
  const cancel =
    maxDurationMs === null
      ? () => {}
      : machine.clock.schedule(maxDurationMs, () => asker.stop(maxDurationStop(maxDurationMs)));
  return () => {
    cancel();
    lock.onLost = null;
    hooks.signal?.removeEventListener('abort', onAbort);
  };
}

/** A send may have started a new job meanwhile: what is written now would get the new job's name. */
async function isStillTheJob({ machine, files, checkpoint }: VerifyContext): Promise<boolean> {
  const now = await loadCheckpoint(machine.disk, files.checkpoint);
  return now?.startedAtMs === checkpoint.startedAtMs;
}

function replacedJob(): UsageError {
  const message = 'a new job of this file began while its earlier job was verified. Verify the new one';
  return new UsageError('job-replaced', message);
}

async function holdsLock(lock: Lock): Promise<boolean> {
  return lock.isHeld() || lock.confirm();
}

function endWith(
  { file, files, options }: VerifyContext,
  { counts, askedCount }: VerifyRun,
  visitors: number,
  stop: Stop | null,
  hasNotFound: boolean,
): VerifyEnd {
  const wrongCount = counts['not-found'] + counts.different + counts.unreadable;
  const isFine = counts.pending === 0 && isTolerated(options.tolerate, wrongCount, askedCount);
  const isWhole = options.sample.kind === 'all' || askedCount >= visitors;
  const verified: VerifiedFile = {
    file,
    asked: askedCount,
    visitors: Math.max(visitors, askedCount),
    verdicts: { ...counts },
    share_applied: isWhole && stop === null ? null : wilson(counts.applied, askedCount),
    files: { verify: files.verify, not_found: hasNotFound ? files.notFound : null },
  };
  return {
    exitStatus: stop?.exitStatus ?? (isFine ? exitStatus.done : exitStatus.rowsRejected),
    error: stop && { code: stop.code, message: `${file}: ${stop.message}` },
    cause: stop?.cause ?? null,
    verified,
  };
}

function sampleText(sample: Sample): string {
  if (sample.kind === 'all') return 'all';
  return sample.kind === 'visitors' ? String(sample.visitors) : `${sample.share * 100}%`;
}

function noJob({ checkpoint }: JobFiles): UsageError {
  const advice = 'Send the file first; if it was sent with --out or --name, give the same here';
  return new UsageError(
    'job-missing',
    `there is no job to verify: expected ${checkpoint}, found no such file. ${advice}`,
  );
}
