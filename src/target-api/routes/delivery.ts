import { isWithinDeliveryLimits } from '../delivery-limits.js';
import { judgeDelivery } from './delivery-reply.js';
import { type DeliveryRequestOptions, makeDeliveryRequest } from './delivery-request.js';
import type { Route } from './route.js';

/** The Delivery API. The profile token is not for it, and is never sent there. */
export function deliveryRoute(options: DeliveryRequestOptions): Route {
  const request = makeDeliveryRequest(options);
  return {
    name: 'delivery',
    outgoing: (row, _, nowWallMs) => request(row, nowWallMs),
    judge: judgeDelivery,
    carries: isWithinDeliveryLimits,
  };
}
