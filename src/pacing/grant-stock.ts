import type { Instant } from '../platform/instant.js';
import type { Lease } from './grant.js';

/**
 * The units that a pacer has in hand: in leases, in the order in which these end, and among the returned, which the
 * next transaction gives back to their buckets. A unit is in one of the two alone.
 */
export class LeaseStock {
  #leases: Lease[] = [];
  #returned = new Map<number, number>();

  add(lease: Lease): void {
    this.#leases.push(lease);
  }

  /** The lease to take from; those that are used up or over are discarded. */
  best(now: Instant): Lease | null {
    for (let lease = this.#leases[0]; lease !== undefined; lease = this.#leases[0]) {
      if (lease.units > 0 && lease.isGood(now)) return lease;
      this.#leases.shift();
      this.#return(lease.bucketNumber, lease.units);
    }
    return null;
  }

  /** A unit of `lease` was not used. */
  giveBack(lease: Lease): void {
    if (this.#leases.includes(lease)) lease.units += 1;
    else this.#return(lease.bucketNumber, 1);
  }

  /** A lease that nothing is taken from. */
  return(lease: Lease): void {
    this.#return(lease.bucketNumber, lease.units);
    lease.units = 0;
  }

  /** No lease is taken from any more. */
  returnAll(): void {
    for (const lease of this.#leases.splice(0)) this.#return(lease.bucketNumber, lease.units);
  }

  /** Units by the number of their bucket; from now on they are the caller's. */
  takeReturned(): ReadonlyMap<number, number> {
    const returned = this.#returned;
    this.#returned = new Map();
    return returned;
  }

  get hasReturned(): boolean {
    return this.#returned.size > 0;
  }

  /** To be taken. */
  get leasedUnits(): number {
    let units = 0;
    for (const lease of this.#leases) units += lease.units;
    return units;
  }

  /** Counted in the ledger, but not used. */
  get unusedUnits(): number {
    let units = this.leasedUnits;
    for (const returnedUnits of this.#returned.values()) units += returnedUnits;
    return units;
  }

  /** Monotonic; `null`: there is no lease. */
  get firstEndMs(): number | null {
    return this.#leases[0]?.endMs ?? null;
  }

  get lastEndMs(): number | null {
    return this.#leases.at(-1)?.endMs ?? null;
  }

  #return(bucketNumber: number, units: number): void {
    if (units > 0) this.#returned.set(bucketNumber, (this.#returned.get(bucketNumber) ?? 0) + units);
  }
}
