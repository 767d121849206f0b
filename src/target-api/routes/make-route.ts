import type { RouteName } from '../../terms/outcome.js';
import type { Method } from '../prepare.js';
import { deliveryRoute } from './delivery.js';
import type { Route } from './route.js';
import { updateRoute } from './update.js';

export interface RouteOptions {
  readonly clientCode: string;
  readonly timeoutMs: number;
  readonly method: Method;
  readonly deliveryHost: string | null;
  readonly deliveryMbox: string;
  readonly deliveryProperty: string | null;
  readonly deliveryUserAgent: string;
}

export function makeRoute(options: RouteOptions, name: RouteName): Route {
  const { clientCode, timeoutMs, method } = options;
  if (name === 'update') return updateRoute({ clientCode, timeoutMs, method });
  return deliveryRoute({
    clientCode,
    timeoutMs,
    host: options.deliveryHost,
    mbox: options.deliveryMbox,
    property: options.deliveryProperty,
    userAgent: options.deliveryUserAgent,
  });
}
