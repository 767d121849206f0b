import type { Mark } from '../../memory/memory.js';
import { ProfileDripError } from '../../terms/errors.js';
import { faultStop, lostJobStop } from '../terms/stops.js';
import { Departure, departureConditions } from './departure.js';
import type { Holds } from './holds.js';
import type { LoopHooks, LoopPorts } from './loop-parts.js';
import type { OpenRow } from './row-window.js';

/** The conditions of departure, bound to one run. */
export function makeDeparture(
  { health, journal, lock, memory }: LoopPorts,
  holds: Holds,
  hooks: Pick<LoopHooks, 'recheckFile'>,
  isStopped: () => boolean,
): Departure<OpenRow> {
  return new Departure(
    departureConditions<Mark, OpenRow>({
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
      mayLeaveUnder: () => memory === null || memory.isCurrent(),
      // A transaction like any other: it says that the run is there, or finds that others took it to be over.
      renewMark: async () => {
        try {
          await memory?.size();
        } catch (error) {
          if (error instanceof ProfileDripError) return faultStop(error);
          throw error;
        }
        return null;
      },
    }),
  );
}
