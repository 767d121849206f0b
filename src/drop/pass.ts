import { join } from 'node:path';
import type { SendEvent } from '../job/terms/events.js';
import { sleep } from '../platform/clock.js';
import { endsTheCall } from '../terms/exit-status.js';
import { Arrivals } from './arrivals.js';
import { mend } from './finish-moves.js';
import { type Input, lookAround, nextInput } from './next-input.js';
import type { DropOptions } from './options.js';
import { type Taken, type Taking, takeFile } from './send-input.js';

/** How often a folder that is watched is looked at without a notice: network disks give none. */
const lookEveryMs = 30_000;
/** A file that is being written to gives many notices: they are answered together. */
const noticesTogetherMs = 500;

export interface WorkOff extends Taking {
  readonly drop: DropOptions;
  /** Stops everything; also when the folder's lock is lost. */
  readonly signal: AbortSignal;
  /** Rejects where another run has the folder. */
  readonly requireLock: () => Promise<void>;
  readonly onTaken: (taken: Taken) => void;
  /** Resolves after `delayMs`, when the signal aborts, or (`true`) at the watcher's next notice. */
  readonly pause: (delayMs: number) => Promise<boolean>;
}

/** Takes one file after the other. Resolves when the pass is done, a file was stopped, or the signal aborts. */
export async function workOff(work: WorkOff): Promise<void> {
  const { drop, signal, clock } = work;
  const arrivals = new Arrivals(drop);
  let takenCount = 0;
  let hasSaidSettling = false;
  while (!signal.aborted) {
    await work.requireLock();
    await mend(work);
    const inputs = await lookAround(work.disk, clock, work.place, drop, arrivals);
    const next = nextInput(inputs);
    if (next !== null && !signal.aborted) {
      const taken = await takeFile(takenCount === 0 ? work : forgottenAlready(work), next.name);
      takenCount += 1;
      report(work, next, taken);
      if (taken.fate === 'stays') return;
      continue;
    }
    const nextLookMs = drop.watch
      ? Math.min(clock.monotonicMs() + lookEveryMs, ...dueTimes(inputs))
      : nextSettled(inputs, arrivals.firstSettledMonotonicMs());
    if (nextLookMs === null) {
      sayWhatWaits(work, inputs, takenCount);
      return;
    }
    if (!drop.watch && !hasSaidSettling) {
      hasSaidSettling = true;
      saySettling(work, nextLookMs - clock.monotonicMs());
    }
    const pauseMs = Math.max(1, nextLookMs - clock.monotonicMs());
    if (await work.pause(pauseMs)) await sleep(clock, noticesTogetherMs, signal);
  }
}

/** The memory is dropped once for a call, not before each file. */
function forgottenAlready(work: WorkOff): WorkOff {
  return { ...work, options: { ...work.options, forget: false } };
}

function report({ onTaken, hooks, place }: WorkOff, { name }: Input, taken: Taken): void {
  onTaken(taken);
  const path = join(place.root, name);
  const say = (level: 'info' | 'warning', code: string, message: string) => {
    const event: SendEvent = { kind: 'notice', level, code, message };
    hooks.onEvent?.(event);
  };
  if (taken.fate === 'gone') say('warning', 'drop-file-gone', `${path} went away before it was read: passed over`);
  else if (taken.fate === 'failed' && taken.error !== null) {
    say('warning', taken.error.code, `${taken.error.message.replace(/\.?$/, '.')} The file is now ${taken.path}`);
  } else if (taken.fate === 'stays' && endsTheCall(taken.exitStatus)) {
    say('info', 'drop-file-stays', `${path} stays where it is, and is taken first the next time`);
  }
}

/**
 * Until when a single pass waits: only for what has stood still since its first look and is old enough soon. `null`:
 * not at all; what comes later is for the next pass.
 */
function nextSettled(inputs: readonly Input[], untilMonotonicMs: number | null): number | null {
  const soon = dueTimes(inputs).filter((dueMs) => untilMonotonicMs !== null && dueMs <= untilMonotonicMs);
  return soon.length === 0 ? null : Math.min(...soon);
}

function dueTimes(inputs: readonly Input[]): number[] {
  return inputs.flatMap(({ arrival }) =>
    arrival.kind === 'coming' && arrival.dueMonotonicMs !== null ? [arrival.dueMonotonicMs] : [],
  );
}

/** A pass that seems to do nothing for a minute is taken for a hung one. */
function saySettling({ hooks, place, drop }: WorkOff, pauseMs: number): void {
  const message = `${place.root}: waiting ${Math.ceil(pauseMs / 1000)} s, to see that what is there stands still for ${drop.settleMs / 1000} s (--settle; --marker needs no wait)`;
  hooks.onEvent?.({ kind: 'notice', level: 'info', code: 'drop-settling', message });
}

function sayWhatWaits({ hooks, place, drop }: WorkOff, inputs: readonly Input[], takenCount: number): void {
  const waiting = inputs.filter(({ isReady }) => !isReady).map(({ name }) => name);
  const why =
    drop.marker === null
      ? `not stood still for ${drop.settleMs / 1000} s yet`
      : `no ${drop.marker} file beside ${waiting.length === 1 ? 'it' : 'them'} yet`;
  const [first] = waiting;
  const more = waiting.length > 1 ? ` and ${waiting.length - 1} more` : '';
  if (first !== undefined) {
    const message = `${join(place.root, first)}${more}: ${why}; left for the next time`;
    hooks.onEvent?.({ kind: 'notice', level: 'info', code: 'drop-waiting', message });
  } else if (takenCount === 0) {
    const message = `${place.root}: nothing there to send`;
    hooks.onEvent?.({ kind: 'notice', level: 'info', code: 'drop-empty', message });
  }
}
