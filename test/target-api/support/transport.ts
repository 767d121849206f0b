import { onTestFinished } from 'vitest';
import { systemLookUp } from '../../../src/endpoint/look-up.js';
import { systemClock } from '../../../src/platform/clock.js';
import type { Clock, LookUp, OutgoingTry, Reply, Transport } from '../../../src/platform/ports.js';
import { makeTransport } from '../../../src/target-api/client.js';

export interface TransportSettings {
  readonly connections?: number;
  /** Whether the destination counts as loopback, and so has no proxy; the tests' endpoints are all loopback. */
  readonly isLoopback?: boolean;
  readonly lookUp?: LookUp;
  readonly clock?: Clock;
  readonly connectTimeoutMs?: number;
}

/** A transport whose replies can be awaited. */
export interface AwaitedTransport extends Omit<Transport, 'send'> {
  send(outgoing: OutgoingTry, mayStart: () => boolean): Promise<Reply>;
}

/** A transport for one test, closed when it is finished. */
export async function openTransport(origin: string, settings: TransportSettings = {}): Promise<AwaitedTransport> {
  const transport = await makeTransport({
    destination: { origin, isLoopback: settings.isLoopback ?? true },
    lookUp: settings.lookUp ?? systemLookUp,
    environment: process.env,
    connections: settings.connections ?? 1,
    connectTimeoutMs: settings.connectTimeoutMs ?? 30_000,
    clock: settings.clock ?? systemClock,
  });
  onTestFinished(() => transport.close());
  return {
    send: (outgoing, mayStart) => new Promise((settled) => transport.send(outgoing, { mayStart, settled })),
    abortAll: () => transport.abortAll(),
    close: () => transport.close(),
  };
}

export function post(body: string, changes: Partial<OutgoingTry> = {}): OutgoingTry {
  return { method: 'POST', path: '/m2/acme/profile/update', body, authorization: null, timeoutMs: 30_000, ...changes };
}

export const yes = () => true;
export const no = () => false;
