import { lostJobStop } from '../terms/stops.js';
import { Departure, departureConditions } from './departure.js';
import type { Holds } from './holds.js';
import type { LoopHooks, LoopPorts } from './loop-parts.js';
import type { Marking } from './marking.js';
import type { OpenRow } from './row-window.js';

/** The conditions of departure, bound to one run. */
export function makeDeparture(
  { health, journal, lock, memory }: LoopPorts,
  holds: Holds,
  marking: Marking,
  hooks: Pick<LoopHooks, 'recheckFile'>,
  isStopped: () => boolean,
): Departure<OpenRow> {
  return new Departure(
    departureConditions<OpenRow>({
      isStopped,
      isAsking: () => holds.isAsking,
      gate: (nowMs) => health.gate(nowMs),
      isFileRecheckDue: (hasPermit) => holds.isFileRecheckDue(hasPermit),
      recheckFile: async () => {
        const stop = await hooks.recheckFile();
        holds.fileRechecked();
        return stop;
      },
      canWriteResults: (nowMs) => journal.mayStart(nowMs),
      isLockHeld: (now) => lock.isHeld(now),
      confirmLock: async () => ((await lock.confirm()) ? null : lostJobStop),
      memoryHold: () => {
        const absence = memory?.absence() ?? null;
        if (absence === null) return null;
        const lastError = `the memory of --changed-only: ${absence.message}`;
        return { cause: 'state', sinceMs: absence.sinceMonotonicMs, untilMs: null, lastError };
      },
      isMarked: (row, now) => marking.mayLeave(row, now),
    }),
  );
}
