import type { LedgerTime } from './ledger-time.js';

/** The ledger's time as its home tells it, and what the rules of the cap must know of the home's clock. */
export interface HomeTime extends LedgerTime {
  /** Wall time at this instant, for people. */
  readonly wallMs: number;
  /** A settled bucket counts for this much longer than a day, because the home's clock may be wrong by as much. */
  readonly marginMs: number;
  /** Units are stamped with the bucket that runs this much later, so that a grant is worth its way. */
  readonly stampAheadMs: number;
}
