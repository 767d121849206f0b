import { join } from 'node:path';
import type { SendEvent } from '../job/terms/events.js';
import { sleep } from '../platform/clock.js';
import type { ErrorCode, NoticeCode } from '../terms/codes.js';
import { endsTheCall, exitStatus } from '../terms/exit-status.js';
import { harmless, quoted } from '../text/harmless.js';
import { grouped } from '../text/numbers.js';
import { findJobs, mend } from './finish-moves.js';
import { Inbox, type PassedOver, tooLongName } from './inbox.js';
import type { KeptOpen } from './keep-open.js';
import type { Input, NameFault } from './next-input.js';
import type { DropOptions, FileEnd } from './options.js';
import { putAside } from './put-aside.js';
import { type Sent, sendFile, type Taking } from './send-input.js';

/** How often a folder that is watched is looked at as a whole: network disks give no notices. */
const lookEveryMs = 30_000;
/** A file that is being written to gives many notices: they are answered together. */
const noticesTogetherMs = 500;

export interface WorkOff extends Taking {
  readonly drop: DropOptions;
  /** Stops everything; also when the folder's lock is lost. */
  readonly signal: AbortSignal;
  /** Rejects where another run has the folder. */
  readonly requireLock: () => Promise<void>;
  readonly onTaken: (taken: FileEnd) => void;
  /** Resolves after `delayMs`, when the signal aborts, or (`true`) at the watcher's next notice. */
  readonly pause: (delayMs: number) => Promise<boolean>;
  /** Names that the system reported since this was last asked; `null`: any may have changed. */
  readonly noticed: () => ReadonlySet<string> | null;
  readonly onMoved: (() => Promise<void>) | undefined;
  /** What stays open between files. */
  readonly open: KeptOpen;
}

/** Takes one file after the other. Resolves when the pass is done, a file was stopped, or the signal aborts. */
export async function workOff(work: WorkOff): Promise<void> {
  try {
    await new Working(work).run();
  } finally {
    await work.open.close();
  }
}

/**
 * Invariants: one file is sent at a time, in the inbox's order. The one before may still be put away meanwhile; it is
 * waited for before another one is, before the folder is looked at as a whole, before a pause and at the end.
 */
class Working {
  readonly #work: WorkOff;
  readonly #inbox: Inbox;
  readonly #toldOf = new Set<string>();
  /** When the folder was last looked at as a whole; `null`: it has to be. */
  #lookedMonotonicMs: number | null = null;
  #takenCount = 0;
  #hasSaidSettling = false;
  #puttingAway: Promise<void> = Promise.resolve();

  constructor(work: WorkOff) {
    this.#work = work;
    this.#inbox = new Inbox(work.disk, work.clock, work.place, work.drop);
  }

  async run(): Promise<void> {
    try {
      await this.#takeAll();
    } catch (error) {
      await this.#puttingAway.catch(() => {}); // the first error says more
      throw error;
    }
    await this.#puttingAway;
  }

  async #takeAll(): Promise<void> {
    const { drop, signal, clock } = this.#work;
    while (!signal.aborted) {
      await this.#work.requireLock();
      await this.#bringUpToDate();
      const next = this.#inbox.next();
      if (next !== null) {
        if (!(await this.#inbox.stillHasTurn(next)) || signal.aborted) continue;
        if ((await this.#take(next)) === 'stays') return;
        // A single pass is not told what arrived meanwhile.
        if (!drop.watch && this.#inbox.next() === null) this.#lookedMonotonicMs = null;
        continue;
      }
      await this.#puttingAway;
      const nowMonotonicMs = clock.monotonicMs();
      const nextLookMs = drop.watch
        ? leastOf([nowMonotonicMs + lookEveryMs, ...dueTimes(this.#inbox.inputs)])
        : nextSettled(this.#inbox.inputs, this.#inbox.firstSettledMonotonicMs());
      if (nextLookMs === null) {
        sayWhatWaits(this.#work, this.#inbox.inputs, this.#takenCount);
        return;
      }
      if (!drop.watch && !this.#hasSaidSettling) {
        this.#hasSaidSettling = true;
        saySettling(this.#work, nextLookMs - nowMonotonicMs);
      }
      await this.#wait(Math.max(1, nextLookMs - nowMonotonicMs));
    }
  }

  async #wait(pauseMs: number): Promise<void> {
    const { open, pause, clock, signal, drop } = this.#work;
    await open.close();
    if (await pause(pauseMs)) await sleep(clock, noticesTogetherMs, signal);
    if (!drop.watch) this.#lookedMonotonicMs = null;
  }

  /** The whole folder at first and now and then; otherwise what changed, and what has settled. */
  async #bringUpToDate(): Promise<void> {
    const { clock, disk, place, noticed, drop, onMoved } = this.#work;
    const names = noticed();
    const isOld =
      this.#lookedMonotonicMs === null ||
      (drop.watch && this.#inbox.next() === null && clock.monotonicMs() - this.#lookedMonotonicMs >= lookEveryMs);
    if (!isOld && names !== null) {
      await this.#inbox.lookAt(names);
      if (this.#inbox.next() === null) await this.#inbox.lookAtDue();
      return;
    }
    await this.#puttingAway;
    await mend(this.#work);
    await onMoved?.();
    const passedOver = await this.#inbox.lookAtAll(await findJobs(disk, place));
    this.#lookedMonotonicMs = clock.monotonicMs();
    this.#sayPassedOver(passedOver);
  }

  /** `stays`: nothing after it may start. */
  async #take(next: Input): Promise<'stays' | 'goes'> {
    const sent = next.nameFault === null ? await sendFile(this.#taking(), next.name) : null;
    this.#takenCount += 1;
    await this.#putAwayBefore(sent);
    if (sent?.isDone) {
      this.#inbox.hide(next);
      this.#puttingAway = this.#putAway(next, sent).finally(() => this.#inbox.show(next));
      this.#puttingAway.catch(() => {}); // the caller that waits for it gets the error
      return 'goes';
    }
    const end = await this.#endUndone(next, sent);
    if (end.fate !== 'stays') this.#inbox.remove(next);
    if (end.fate === 'gone') this.#lookedMonotonicMs = null; // its job may be left
    report(this.#work, next, end);
    return end.fate === 'stays' ? 'stays' : 'goes';
  }

  /** If the file before could not be put away, the call ends; the result of this one is still told. */
  async #putAwayBefore(sent: Sent | null): Promise<void> {
    try {
      await this.#puttingAway;
    } catch (error) {
      if (sent !== null) this.#work.onTaken({ ...sent.end, fate: 'stays' });
      throw error;
    }
  }

  async #putAway(next: Input, sent: Sent): Promise<void> {
    report(this.#work, next, await sent.putAway());
  }

  async #endUndone(next: Input, sent: Sent | null): Promise<FileEnd> {
    if (sent === null) return this.#setAside(next, next.nameFault ?? tooLongName(Buffer.byteLength(next.name)));
    const end = await sent.putAway();
    // Some file systems take shorter names than others.
    const isTooLong = end.fate === 'stays' && end.error?.code === 'disk-name-length';
    return isTooLong ? this.#setAside(next, tooLongName(Buffer.byteLength(next.name))) : end;
  }

  /** The memory is discarded once in a call, not before each file. */
  #taking(): Taking {
    const { machine } = this.#work.open;
    const { options } = this.#work;
    return { ...this.#work, machine, options: this.#takenCount === 0 ? options : { ...options, forget: false } };
  }

  async #setAside(next: Input, fault: NameFault): Promise<FileEnd> {
    const { place } = this.#work;
    const path = await putAside(this.#work, next, fault);
    const error = { code: fault.code, message: `${harmless(join(place.root, next.name), 1000)}: ${fault.message}` };
    const taken = { name: next.name, exitStatus: exitStatus.usage, error, jobs: [] };
    return path === null ? { ...taken, fate: 'gone', path: next.name } : { ...taken, fate: 'failed', path };
  }

  /** Once for each name, because nobody notices a file that is never sent. */
  #sayPassedOver(passedOver: readonly PassedOver[]): void {
    const fresh = passedOver.filter(({ name }) => !this.#toldOf.has(name));
    const [first, second, third] = fresh;
    if (first === undefined) return;
    for (const { name } of fresh) this.#toldOf.add(name);
    const shown = [first, second, third].flatMap((one) =>
      one === undefined ? [] : [`${quoted(one.name)} (${one.why})`],
    );
    const more = fresh.length > shown.length ? ` and ${grouped(fresh.length - shown.length)} more` : '';
    const { hooks, place } = this.#work;
    const message = `${place.root}: not taken: ${shown.join(', ')}${more}`;
    hooks.onEvent?.({ kind: 'notice', level: 'info', code: 'drop-passed-over', message });
  }
}

function report({ onTaken, hooks, place }: WorkOff, { name }: Input, taken: FileEnd): void {
  onTaken(taken);
  const path = harmless(join(place.root, name), 1000);
  const say = (level: 'info' | 'warning', code: NoticeCode | ErrorCode, message: string) => {
    const event: SendEvent = { kind: 'notice', level, code, message };
    hooks.onEvent?.(event);
  };
  if (taken.fate === 'gone') say('warning', 'drop-file-gone', `${path} was removed before it was read: passed over`);
  else if (taken.fate === 'failed' && taken.error !== null) {
    say('warning', taken.error.code, `${taken.error.message.replace(/\.?$/, '.')} The file is now ${taken.path}`);
  } else if (taken.fate === 'stays' && endsTheCall(taken.exitStatus)) {
    say('info', 'drop-file-stays', `${path} stays where it is, and is taken first the next time`);
  }
}

/**
 * Until when a single pass waits: only for what has stood still since its first look. `null`: it does not wait; what comes
 * later is for the next pass.
 */
function nextSettled(inputs: readonly Input[], untilMonotonicMs: number | null): number | null {
  const soon = dueTimes(inputs).filter((dueMs) => untilMonotonicMs !== null && dueMs <= untilMonotonicMs);
  return soon.length === 0 ? null : leastOf(soon);
}

function dueTimes(inputs: readonly Input[]): number[] {
  return inputs.flatMap(({ arrival }) =>
    arrival.kind === 'coming' && arrival.dueMonotonicMs !== null ? [arrival.dueMonotonicMs] : [],
  );
}

/** As arguments, a hundred thousand of them are too many. */
function leastOf(times: readonly number[]): number {
  return times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
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
