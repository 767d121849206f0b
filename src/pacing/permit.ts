import type { Instant } from '../platform/instant.js';
import type { Grant } from './grant.js';

/** Permission for one attempt, counted on disk. */
export interface Permit {
  /** Whether an attempt may still start under it: asked in the step in which its bytes leave; `true` means that they do. `now`: read in this step. */
  isValid(now?: Instant): boolean;
}

/** A permit's life: given, perhaps started, then resolved, once: given back or ended. */
export class GrantPermit implements Permit {
  readonly grant: Grant;
  readonly #mayStart: (permit: GrantPermit, now?: Instant) => boolean;
  hasStarted = false;
  #isResolved = false;

  constructor(grant: Grant, mayStart: (permit: GrantPermit, now?: Instant) => boolean) {
    this.grant = grant;
    this.#mayStart = mayStart;
  }

  isValid(now?: Instant): boolean {
    return !this.#isResolved && this.#mayStart(this, now);
  }

  /** Returns what is behind a permit, once. */
  static resolve(permit: Permit): GrantPermit {
    if (!(permit instanceof GrantPermit)) throw new Error('a permit that no pacer gave');
    if (permit.#isResolved) throw new Error('a permit was given back or ended twice');
    permit.#isResolved = true;
    return permit;
  }
}
