import { MachineError } from '../terms/errors.js';
import type { SettledBucket } from './buckets.js';
import type { HomeTime } from './home-time.js';
import type { LedgerKind, LedgerRecord } from './ledger-records.js';
import type { MachineTime } from './ledger-time.js';

/**
 * Where the cap's ledger is kept: a folder of this machine, or a database that many machines share. What is done to a
 * ledger (ledger.ts: draw, verify; status.ts: view) is pure, and the same for all homes.
 *
 * A home keeps these promises:
 * - Of all works on one ledger, each sees what the one before it left. Nothing of a work is kept, or all of it.
 * - `committed` means durable. `not-committed` means that nothing is kept, now or later. Anything else is `unknown`.
 * - The time that a work is given is the home's. It never goes back, and it never runs ahead of real time.
 */
export interface LedgerHome {
  /** Where it is, for messages: a folder, or host and database. Holds no password. */
  readonly place: string;
  /** A grant that is good for less than this when it arrives is not worth taking. */
  readonly grantMinMs: number;
  /** A number for a new draw: higher than all that this home gave before, to whichever of its users. A repeated draw keeps its own. */
  nextDrawNumber(): number;
  /** The name of a ledger. Those of loopback endpoints are apart from the real ones. */
  /** `kind`: updates where it is left out. */
  nameOf(clientCode: string, isLoopback: boolean, kind?: LedgerKind): string;
  /** Names of all ledgers that concern this machine. */
  names(): Promise<string[]>;
  /**
   * Rejects with what `work` threw, or with a MachineError that no retry can solve (damaged, of another version,
   * permission denied).
   */
  transact<T>(name: string, work: LedgerWork<T>): Promise<Outcome<T>>;
  /** All of a ledger as it stands; nothing is changed. Rejects with HomeAway where the home cannot be reached. */
  read<T>(name: string, look: (state: LedgerState, time: HomeTime) => T): Promise<T>;
  /** Resolves when the transactions in flight are done. */
  close(): Promise<void>;
}

/** Pure and synchronous; it may run several times for one transaction. `change` null: nothing is changed. */
export type LedgerWork<T> = (
  state: LedgerState,
  time: HomeTime,
) => { readonly change: LedgerChange | null; readonly answer: T };

export interface LedgerState {
  /** `null`: nothing was ever drawn from a ledger of this name. */
  readonly ledger: LedgerRecord | null;
  /** The settled bucket under an index from `firstIndex` on, below `nextIndex`. To be called by the work alone. */
  readonly bucket: (index: number) => SettledBucket;
  /** The last draw of this user of the home that was committed. Always `null` where no outcome is ever unknown. */
  readonly lastDraw: CommittedDraw | null;
}

export interface LedgerChange {
  readonly ledger: LedgerRecord;
  /** Settled buckets that are new or changed, by index. Those below `ledger.firstIndex` are removed. */
  readonly buckets: ReadonlyMap<number, SettledBucket>;
  /** `null`: the last one stands. */
  readonly lastDraw: CommittedDraw | null;
}

/** A draw is repeated under its own number if its end is not known. So it is counted once. */
export interface CommittedDraw {
  readonly number: number;
  readonly answer: Drawn;
}

export interface Drawn {
  readonly grantedUnits: number;
  /** The bucket that they are stamped with. */
  readonly bucketNumber: number;
  /** For how long from `Outcome.from` on an attempt may start under them. */
  readonly goodForMs: number;
  readonly usedUnits: number;
  /** Until a unit more may be granted than now, if the machine stays awake; `null`: no time will bring one. */
  readonly nextFreeInMs: number | null;
}

export type Outcome<T> =
  /** `from`: an instant of this machine that is not later than the time that `work` was given. A grant counts from it. */
  | { readonly kind: 'committed'; readonly answer: T; readonly from: MachineTime }
  | { readonly kind: 'not-committed'; readonly trouble: HomeAway }
  /** It may be kept, or may be kept later. */
  | { readonly kind: 'unknown'; readonly from: MachineTime; readonly trouble: HomeAway };

/** The home cannot be used at the moment, and may be later. `message` has the home's own error. */
export class HomeAway extends MachineError {}
