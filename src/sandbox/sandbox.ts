import type { Clock } from '../platform/ports.js';
import { UsageError } from '../terms/errors.js';
import { startServer } from './http-server.js';
import type { Incoming } from './incoming.js';
import type { KnownVisitor } from './known.js';
import type { Reply } from './replies.js';
import { type AppliedUpdate, type SandboxCounts, Service } from './service.js';
import type { IdType } from './update.js';

export { sandboxAssumptions } from './assumptions.js';
export type { AppliedUpdate, SandboxCounts } from './service.js';

/**
 * A local stand-in for Target, in memory. It shares no code with its counterparts (target-api/, pacing/), so
 * that what it accepts says something about what they send.
 */

export interface SandboxOptions {
  /** 0 to 65535; 0: one that is free. */
  readonly port: number;
  /** Default 127.0.0.1. Loopback alone: it has no protection that would bear a network. */
  readonly host?: '127.0.0.1' | '::1';
  /** Visitors that exist for each client code, without an attribute. Default: none. */
  readonly known?: readonly KnownVisitor[];
  /** How much later an update shows, 0 or more. Default 0. */
  readonly applyAfterMs?: number;
  /** The only client code that is taken. Default `null`: any is taken, each with profiles and a cap of its own. */
  readonly clientCode?: string | null;
  /** Do as Target does: an update of an unknown visitor creates no profile, and is answered as a success. */
  readonly knownOnly: boolean;
  /** Updates in any rolling window, exactly; 0 or more. `null`: no cap. */
  readonly cap: number | null;
  /** What `Authorization: Bearer …` must say; `null`: nothing is asked for. */
  readonly token: string | null;
  /** How long each reply takes, 0 or more. */
  readonly latencyMs: number;
  /** The share of updates that meet a fault, 0 to 1. */
  readonly errorRate: number;
  /** Decides which updates meet which fault: the same visitors, attempts and seed meet the same. */
  readonly seed: number;
  readonly clock: Clock;
  /** Default 24 hours; shorter for tests. */
  readonly windowMs?: number;
  /** Called for each update that changed a profile, in the order in which they were applied. */
  readonly onUpdate?: (update: AppliedUpdate) => void;
  /** Called for each request as it is answered. */
  readonly onRequest?: (incoming: Incoming, reply: Reply) => void;
}

export interface Sandbox {
  /** `http://127.0.0.1:<port>`, no slash at the end: what `--endpoint` takes. */
  readonly url: string;
  readonly port: number;
  readonly counts: SandboxCounts;
  /** The largest number of accepted updates that any rolling window has held, for one client code. Exact. */
  readonly maxInWindow: number;
  /** Updates answered 429. */
  readonly turnedAwayCount: number;
  /** A visitor's attributes; `null`: no profile. `clientCode` may be left out where only one has been seen. */
  profile(idType: IdType, id: string, clientCode?: string): Readonly<Record<string, string>> | null;
  /** Makes a visitor known, as a visit to a page would. */
  meet(idType: IdType, id: string, clientCode: string): void;
  /** Stops listening, sends the replies that are being held back, and ends every connection. Twice is harmless. */
  close(): Promise<void>;
}

const dayMs = 86_400_000;

/** @throws UsageError for options out of their range (`sandbox-option`), and for a port that cannot be had (`sandbox-port`). */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  checkOptions(options);
  const { host = '127.0.0.1', clientCode = null } = options;
  const service = new Service({
    ...options,
    clientCode,
    windowMs: options.windowMs ?? dayMs,
    onUpdate: options.onUpdate ?? null,
    known: options.known ?? [],
    applyAfterMs: options.applyAfterMs ?? 0,
  });
  const server = await startServer({ ...options, host }, (incoming) => {
    const reply = service.answer(incoming);
    options.onRequest?.(incoming, reply);
    return reply;
  });

  /** The one that is named, or the only one that has called; `null`: none has called yet. */
  const clientOf = (named: string | null): string | null => {
    if (named !== null) return named;
    const [only, second] = service.clientCodes();
    if (second !== undefined) throw new Error('several client codes have called: name the one that is meant');
    return only ?? null;
  };

  return {
    url: `http://${host === '::1' ? '[::1]' : host}:${server.port}`,
    port: server.port,
    get counts() {
      return { ...service.counts };
    },
    get maxInWindow() {
      return Math.max(0, ...service.accounts().map((account) => account.window.largest));
    },
    get turnedAwayCount() {
      return service.counts.turnedAway;
    },
    profile(idType, id, named) {
      const client = clientOf(named ?? clientCode);
      const profile = client === null ? null : service.find(client, idType, id);
      if (profile === null) return null;
      return Object.fromEntries(Array.from(profile.attributes, ([name, { value }]) => [name, value]));
    },
    meet(idType, id, named) {
      service.account(named).meet(idType, id);
    },
    close: () => server.close(),
  };
}

function checkOptions(options: SandboxOptions): void {
  const { port, cap, latencyMs, errorRate, applyAfterMs = 0 } = options;
  const wrong = (name: string, expected: string, found: number) =>
    new UsageError('sandbox-option', `${name}: expected ${expected}, found ${found}`);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw wrong('port', 'a whole number from 0 to 65535', port);
  if (cap !== null && !(Number.isInteger(cap) && cap >= 0)) throw wrong('cap', 'a whole number, 0 or more', cap);
  if (!(latencyMs >= 0)) throw wrong('latency', 'milliseconds, 0 or more', latencyMs);
  if (!(applyAfterMs >= 0)) throw wrong('apply after', 'milliseconds, 0 or more', applyAfterMs);
  if (!(errorRate >= 0 && errorRate <= 1)) throw wrong('error rate', 'a number from 0 to 1', errorRate);
}
