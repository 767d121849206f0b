import { VisitorSet } from '../hash/visitor-set.js';
import type { Random } from '../platform/ports.js';
import { isWithinDeliveryLimits } from '../target-api/delivery-limits.js';
import type { RouteName } from '../terms/outcome.js';

/**
 * How many rows would go by which route, over all files: with --on-cap delivery, updates as long as units are left, and
 * then Delivery, but for the visitors that have been updated and for rows that Delivery cannot carry. An estimate: it
 * takes no unit to come free meanwhile.
 */
export class RouteSplit {
  readonly #route: RouteName;
  readonly #hasOverflow: boolean;
  readonly #updated: VisitorSet;
  #updatesLeft: number;

  /** `updatesLeft`: units of the cap; without a client code, all of them. */
  constructor(route: RouteName, hasOverflow: boolean, updatesLeft: number, random: Random) {
    this.#route = route;
    this.#hasOverflow = hasOverflow;
    this.#updatesLeft = updatesLeft;
    this.#updated = new VisitorSet(random);
  }

  routeOf({ id, form }: { readonly id: string; readonly form: string }): RouteName {
    if (!this.#hasOverflow) return this.#route;
    const isUpdate = this.#updatesLeft > 0 || this.#updated.has(id) || !isWithinDeliveryLimits(form);
    if (!isUpdate) return 'delivery';
    this.#updatesLeft -= 1;
    this.#updated.add(id);
    return 'update';
  }
}
