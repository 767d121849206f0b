import { basename } from 'node:path';
import type { Batch, RowSource } from '../batch/open.js';
import { noHints } from '../hints/hint-tally.js';
import type { HomeAway, LedgerHome } from '../ledger/ledger-home.js';
import { openPacer } from '../pacing/pacer.js';
import { Rate } from '../pacing/rate.js';
import { instantOf } from '../platform/instant.js';
import { onDisk } from '../storage/disk-errors.js';
import type { Columns } from '../target-api/columns.js';
import { makeFormMerger } from '../target-api/merge-forms.js';
import { makeRoute } from '../target-api/routes/make-route.js';
import { ProfileDripError, UsageError } from '../terms/errors.js';
import type { RouteName } from '../terms/outcome.js';
import { type Checkpoint, type JobIdentity, writeCheckpoint } from './files/checkpoint.js';
import { keepLoneRejects } from './files/move-files.js';
import { recover } from './files/recover.js';
import { Health } from './health/health.js';
import type { JobContext } from './job-context.js';
import type { Lane } from './loop/lanes.js';
import type { EarlierRuns, LoopPorts } from './loop/loop-parts.js';
import { Tally } from './loop/tally.js';
import { tokenSource } from './loop/token.js';
import { appliedWithinMs, mayBeOpen, noUpdates, UpdateOrder } from './loop/update-order.js';
import { memoryRequest } from './memory-request.js';
import { openToken } from './open-token.js';
import { orStopped } from './or-stopped.js';
import { Journal } from './results/journal.js';
import { firstResultByte, readResults } from './results/read-results.js';
import type { ReadRows } from './rows/row-source.js';
import { capOfRoute } from './terms/cap-of-route.js';
import { stopForAbort } from './terms/stops.js';

/** What a pass works with, opened in the order in which an error costs least: nothing is written before the ledger is sound. */
export interface Opened {
  /** The checkpoint that the pass resumes from, brought up to date with the report. */
  readonly base: Checkpoint;
  readonly isResumed: boolean;
  readonly earlier: EarlierRuns;
  readonly rowSource: RowSource<ReadRows>;
  readonly ports: LoopPorts;
  /** Closes all of it, the last opened first. */
  close(): Promise<void>;
}

export async function openPass(
  context: JobContext,
  batch: Batch,
  columns: Columns,
  identity: JobIdentity,
  checkpoint: Checkpoint | null,
): Promise<Opened> {
  const { machine, options, files } = context;
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    const faults: unknown[] = [];
    for (const closeOne of closers.splice(0).reverse()) await closeOne().catch((error: unknown) => faults.push(error));
    if (faults.length > 0) throw faults[0];
  };
  try {
    if (checkpoint !== null) requireApplied(context, checkpoint);
    // The token is for profile calls: the Delivery API gets none.
    const token = options.route === 'delivery' ? tokenSource(null, null) : await openToken(context);
    const rowSource = openRowSource(context, batch, columns);
    closers.push(() => rowSource.close());
    const ledger = await orStopped(context, machine.openLedger(options));
    closers.push(() => ledger.close());
    // Rate and concurrency count all routes together.
    const hasOverflow = options.onCap === 'delivery';
    const rate = hasOverflow ? new Rate({ ratePerSecond: options.ratePerSecond, spreadGapMs: 0 }) : undefined;
    const openLane = async (name: RouteName): Promise<Lane> => {
      const late = name === 'update' ? checkpoint?.lateUnits : checkpoint?.lateDeliveryUnits;
      const { pacer, isNew } = await openPacerOf(context, ledger, name, late ?? 0, rate);
      closers.push(() => pacer.close());
      if (isNew && !options.sandbox) announceNewLedger(context, ledger.place, name);
      return { route: makeRoute(options, name), pacer };
    };
    const { route, pacer } = await openLane(options.route);
    const overflow = hasOverflow ? await openLane('delivery') : null;

    const memory = await orStopped(context, machine.openMemory({ ...memoryRequest(context), runId: context.runId }));
    if (memory !== null) closers.push(() => memory.close());
    const transport = await machine.openTransport(context.destination, options);
    closers.push(() => transport.close());

    const recovered = checkpoint === null ? null : await recover(machine.disk, checkpoint, files.results);
    const journal = await Journal.open(
      machine.disk,
      machine.clock,
      files.results,
      recovered === null ? 'new' : 'resume',
    );
    closers.push(() => journal.close());
    const base = recovered?.checkpoint ?? firstCheckpoint(context, batch, identity, journal.endByte);
    const order = new UpdateOrder({
      earlier: base.updates,
      isUpdate: options.route === 'update',
      hasOverflow,
      random: machine.random,
      bootClock: machine.bootClock,
      now: instantOf(machine.clock),
    });
    if (hasOverflow && recovered !== null) await noteAttemptedVisitors(context, order, base);
    // From here on a report without a checkpoint is somebody's mishap, not ours.
    if (recovered === null) {
      const kept = await keepLoneRejects(machine.disk, files);
      if (kept !== null) sayKeptRejects(context, kept);
      await writeCheckpoint(machine.disk, files.checkpoint, base);
      order.saved(base.updates);
    }

    const nowMs = machine.clock.wallMs();
    const ports: LoopPorts = {
      clock: machine.clock,
      transport,
      route,
      pacer,
      overflow,
      order,
      journal,
      lock: context.lock,
      memory,
      merge: options.coalesce ? makeFormMerger(columns, options) : null,
      token,
      tally: new Tally(base),
      quota: context.quota,
      health: new Health(
        {
          retries: options.retries,
          giveUpMs: options.giveUpMs,
          guardsFirstAnswers: options.maxFailures === null,
          hasToken: options.token !== null || options.tokenFile !== null,
          stopsAtLongWaits: options.onCap === 'stop',
        },
        machine.random,
        base.counts.submitted > 0,
      ),
    };
    const tried = base.openRows.map(
      (row) => [row.rowNumber, { ...row, earlierMs: Math.max(0, nowMs - row.firstTryAtMs) }] as const,
    );
    const earlier = { ended: recovered?.ended ?? new Map<number, number>(), tried: new Map(tried) };
    return { base, isResumed: recovered !== null, earlier, rowSource, ports, close };
  } catch (error) {
    await close().catch(() => {}); // the first error says more
    throw error;
  }
}

/** Waits while the ledger's home is away, as the run itself would; a signal ends that. */
async function openPacerOf(
  context: JobContext,
  ledger: LedgerHome,
  name: RouteName,
  lateUnits: number,
  rate: Rate | undefined,
) {
  const { machine, options, destination, hooks } = context;
  const { clientCode, ratePerSecond, pace, timeoutMs, giveUpMs } = options;
  const pacing = {
    clientCode,
    isLoopback: destination.isLoopback,
    ...capOfRoute(options, name),
    ratePerSecond,
    pace,
    timeoutMs,
    giveUpMs,
    lateUnits,
    ...(rate === undefined ? {} : { rate }),
  };
  const onAway = ({ message }: HomeAway) =>
    hooks.onEvent?.({
      kind: 'notice',
      level: 'warning',
      code: 'state-away',
      message: `the ledger of the cap cannot be reached: ${message}; waiting for up to ${giveUpMs / 1000} s (--give-up)`,
    });
  try {
    const { signal } = hooks;
    return await openPacer(ledger, machine.clock, machine.bootClock, pacing, { onAway, signal });
  } catch (error) {
    if (hooks.signal?.aborted !== true || error !== hooks.signal.reason) throw error;
    const { code, message, exitStatus } = stopForAbort(error);
    throw new ProfileDripError(code, message, exitStatus);
  }
}

/** The state of a job before its first row is read. */
function firstCheckpoint(context: JobContext, batch: Batch, job: JobIdentity, endByte: number): Checkpoint {
  const { stat } = batch;
  return {
    schema: 3,
    job,
    runId: context.runId,
    startedAtMs: context.runStartedAtMs,
    updatedAtMs: context.runStartedAtMs,
    state: 'open',
    exitStatus: null,
    file: {
      name: basename(context.path),
      sizeBytes: stat.sizeBytes,
      modifiedNs: stat.modifiedNs,
      identity: stat.identity,
      isCompressed: batch.isCompressed,
      sha256: null,
      fingerprint: batch.fingerprint(),
    },
    next: batch.dataStart,
    results: { fromByte: endByte, endByte },
    counts: { submitted: 0, skipped: 0, unchanged: 0, invalid: 0, refused: 0, failed: 0, superseded: 0 },
    totalRows: null,
    readRowCount: 0,
    attempts: 0,
    routes: { update: 0, delivery: 0 },
    reasons: [],
    hints: noHints,
    openRows: [],
    lateUnits: 0,
    lateDeliveryUnits: 0,
    updates: noUpdates(
      context.options.route === 'update',
      context.options.onCap === 'delivery',
      context.runStartedAtMs,
      context.machine.bootClock,
    ),
    move: null,
  };
}

/** Delivery applies at once, and would overtake updates of this job that are still on their way. */
function requireApplied({ options, file, machine }: JobContext, { updates }: Checkpoint): void {
  const nowMs = machine.clock.wallMs();
  if (options.route !== 'delivery' || !mayBeOpen(updates, nowMs, machine.bootClock)) return;
  const until = new Date((updates.lastAtMs ?? nowMs) + appliedWithinMs).toISOString();
  throw new UsageError(
    'route-order',
    `${file}: expected no single update of this job that Target may still have to apply; found some of the last 24 hours, and Delivery would overtake them. Resume with --on-cap delivery (it keeps their visitors on updates) or without --route delivery, or wait until ${until}`,
  );
}

/** The visitors of the rows that earlier runs of the job attempted, by route, as far as these have ended. */
async function noteAttemptedVisitors(
  { machine, files }: JobContext,
  order: UpdateOrder,
  { updates, results }: Checkpoint,
): Promise<void> {
  const now = instantOf(machine.clock);
  if (!mayBeOpen(updates, now.wallMs, machine.bootClock)) return;
  await onDisk(`read the results in ${files.results}`, async () => {
    const file = await machine.disk.open(files.results, 'read');
    try {
      for await (const lines of readResults(file, firstResultByte)) {
        for (const { row, startByte } of lines) {
          // Whenever it was: the times in the results are of a clock that somebody may have set.
          if (row.route !== null && startByte < results.endByte) order.noteEarlier(row.id, row.route, now);
        }
      }
    } finally {
      await file.close();
    }
  });
}

function openRowSource({ machine, options, path }: JobContext, batch: Batch, columns: Columns): RowSource<ReadRows> {
  const { values, plus, method, clientCode, route, trim, nullWords } = options;
  const prepare = { values, plus, method, clientCode, route, trim, nullWords };
  const request = { path, batch: batch.format, columns, prepare };
  return machine.openRowSource(request, batch.stat.sizeBytes);
}

function sayKeptRejects({ hooks, file }: JobContext, kept: string): void {
  const message = `${file}: the rejects of an earlier job have the name that this job needs; they are kept as ${basename(kept)}`;
  hooks.onEvent?.({ kind: 'notice', level: 'warning', code: 'earlier-job-kept', message });
}

function announceNewLedger(context: JobContext, place: string, name: RouteName): void {
  const { clientCode, stateUrl } = context.options;
  const keep = stateUrl === null ? 'Keep this folder between runs' : 'Keep this database';
  const [ledger, requests] =
    name === 'update' ? ['the cap', 'updates'] : ['the Delivery requests (--delivery-cap)', 'Delivery requests'];
  context.hooks.onEvent?.({
    kind: 'notice',
    level: 'info',
    code: 'ledger-new',
    message: `a new ledger of ${ledger} for ${clientCode} is created in ${place}: ${requests} of the last 24 hours that it does not know of are not counted. ${keep}`,
  });
}
