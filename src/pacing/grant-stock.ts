import type { Instant } from '../platform/instant.js';
import type { Grant } from './grant.js';

/**
 * The units that a pacer has in hand: in grants, in the order in which these end, and among the returned, which the
 * next transaction gives back to their buckets. A unit is in one of the two alone.
 */
export class GrantStock {
  #grants: Grant[] = [];
  #returned = new Map<number, number>();
  /** Since when there are returned units; `null`: there are none. */
  returnedSinceMs: number | null = null;

  add(grant: Grant): void {
    this.#grants.push(grant);
  }

  /** The grant to take from; those that are used up or over are discarded. */
  best(now: Instant): Grant | null {
    for (let grant = this.#grants[0]; grant !== undefined; grant = this.#grants[0]) {
      if (grant.units > 0 && grant.isGood(now)) return grant;
      this.#grants.shift();
      this.#return(grant.bucketNumber, grant.units, now.monotonicMs);
    }
    return null;
  }

  /** A unit of `grant` was not used. */
  giveBack(grant: Grant, nowMs: number): void {
    if (this.#grants.includes(grant)) grant.units += 1;
    else this.#return(grant.bucketNumber, 1, nowMs);
  }

  /** A grant that nothing is taken from. */
  return(grant: Grant, nowMs: number): void {
    this.#return(grant.bucketNumber, grant.units, nowMs);
    grant.units = 0;
  }

  /** No grant is taken from any more. */
  returnAll(nowMs: number): void {
    for (const grant of this.#grants.splice(0)) this.#return(grant.bucketNumber, grant.units, nowMs);
  }

  /** Units by the number of their bucket; from now on they are the caller's. */
  takeReturned(): ReadonlyMap<number, number> {
    const returned = this.#returned;
    this.#returned = new Map();
    this.returnedSinceMs = null;
    return returned;
  }

  /** To be taken. */
  get untakenUnits(): number {
    let units = 0;
    for (const grant of this.#grants) units += grant.units;
    return units;
  }

  /** Counted in the ledger, but not used. */
  get unusedUnits(): number {
    let units = this.untakenUnits;
    for (const returnedUnits of this.#returned.values()) units += returnedUnits;
    return units;
  }

  /** Monotonic; `null`: there is no grant. */
  get firstEndMs(): number | null {
    return this.#grants[0]?.endMs ?? null;
  }

  get lastEndMs(): number | null {
    return this.#grants.at(-1)?.endMs ?? null;
  }

  #return(bucketNumber: number, units: number, nowMs: number): void {
    if (units === 0) return;
    this.#returned.set(bucketNumber, (this.#returned.get(bucketNumber) ?? 0) + units);
    this.returnedSinceMs ??= nowMs;
  }
}
