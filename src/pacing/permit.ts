import type { Instant } from '../platform/instant.js';
import type { Lease } from './grant.js';

/** Permission for one attempt, counted on disk. */
export interface Permit {
  /** Whether an attempt may still start under it: asked in the step in which its bytes leave; `true` means that they do. `now`: read in this step. */
  isValid(now?: Instant): boolean;
}

/** A permit's life: given, perhaps started, then resolved, once: given back or ended. */
export class LeasePermit implements Permit {
  readonly lease: Lease;
  readonly #mayStart: (permit: LeasePermit, now?: Instant) => boolean;
  hasStarted = false;
  #isResolved = false;

  constructor(lease: Lease, mayStart: (permit: LeasePermit, now?: Instant) => boolean) {
    this.lease = lease;
    this.#mayStart = mayStart;
  }

  isValid(now?: Instant): boolean {
    return !this.#isResolved && this.#mayStart(this, now);
  }

  /** Returns what is behind a permit, once. */
  static resolve(permit: Permit): LeasePermit {
    if (!(permit instanceof LeasePermit)) throw new Error('a permit that no pacer gave');
    if (permit.#isResolved) throw new Error('a permit was given back or ended twice');
    permit.#isResolved = true;
    return permit;
  }
}
