import { classify } from '../classify.js';
import { makeOutgoing, type OutgoingOptions } from '../prepare.js';
import type { Route } from './route.js';

/** The Single Profile Update API. */
export function updateRoute(options: OutgoingOptions): Route {
  const outgoing = makeOutgoing(options);
  return {
    name: 'update',
    outgoing: ({ form }, authorization) => outgoing(form, authorization),
    judge: (_, reply, nowWallMs) => classify(reply, nowWallMs),
    carries: () => true,
  };
}
