import { heldLedger } from '../ledger/ledger-errors.js';
import type { Cancel, Clock } from '../platform/ports.js';

/** A transaction that takes longer than this, and then some more (it may be this process that stood still), is blocked. */
const heldMs = 60_000;
const heldAgainMs = 5_000;

/** Settles as `transaction` does, or rejects where that does not come back. */
export function orHeld<T>(clock: Clock, transaction: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let cancel: Cancel = clock.schedule(heldMs, () => {
      cancel = clock.schedule(heldAgainMs, () => reject(heldLedger()));
    });
    transaction.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
