import type { RouteName } from '../../terms/outcome.js';
import type { SendOptions } from './options.js';

/** The cap that a route's requests count against. */
export interface RouteCap {
  readonly kind: RouteName;
  /** In any rolling 24 hours, the reserve included. */
  readonly limit: number;
  readonly reserve: number;
}

/** --reserve is of the updates alone: --delivery-cap says by itself what this program may use. */
export function capOfRoute(
  { dailyCap, reserve, deliveryCap }: Pick<SendOptions, 'dailyCap' | 'reserve' | 'deliveryCap'>,
  route: RouteName,
): RouteCap {
  if (route === 'update') return { kind: route, limit: dailyCap, reserve };
  if (deliveryCap === null) throw new Error('the Delivery route without --delivery-cap: the settings let it pass');
  return { kind: route, limit: deliveryCap, reserve: 0 };
}
