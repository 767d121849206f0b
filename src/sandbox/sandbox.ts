import type { Clock } from '../platform/ports.js';
import { UsageError } from '../terms/errors.js';
import type { Account } from './account.js';
import { startServer } from './http-server.js';
import { type AppliedUpdate, type SandboxCounts, Service } from './service.js';
import type { IdType } from './update.js';

export { sandboxAssumptions } from './assumptions.js';
export type { AppliedUpdate, SandboxCounts } from './service.js';

/**
 * A local stand-in for Target, in memory. It shares no code with what it stands opposite to (target/, pacing/), so
 * that what it accepts says something about what they send.
 */

export interface SandboxOptions {
  /** 0 to 65535; 0: one that is free. */
  readonly port: number;
  /** Default 127.0.0.1. Loopback alone: it has no protection that would bear a network. */
  readonly host?: '127.0.0.1' | '::1';
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
  /** Decides which updates meet which fault: the same visitors, tries and seed meet the same. */
  readonly seed: number;
  readonly clock: Clock;
  /** Default 24 hours; shorter for tests. */
  readonly windowMs?: number;
  /** Called for each update that changed a profile, in the order in which they were applied. */
  readonly onUpdate?: (update: AppliedUpdate) => void;
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
  /** A visitor's attributes; `null`: no such profile. `clientCode` may be left out where only one has been seen. */
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
  });
  const server = await startServer({ ...options, host }, (incoming) => service.answer(incoming));

  /** The account that is named, or the only one; `null`: no client has called yet. */
  const accountOf = (named: string | null): Account | null => {
    if (named !== null) return service.findAccount(named);
    const [only, second] = service.accounts();
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
      const profile = accountOf(named ?? clientCode)?.find(idType, id) ?? null;
      if (profile === null) return null;
      return Object.fromEntries(Array.from(profile.attributes, ([name, { value }]) => [name, value]));
    },
    meet(idType, id, named) {
      const account = service.account(named);
      if (account.find(idType, id) === null) account.create(idType, id, options.clock.wallMs());
    },
    close: () => server.close(),
  };
}

function checkOptions(options: SandboxOptions): void {
  const { port, cap, latencyMs, errorRate } = options;
  const wrong = (name: string, expected: string, found: number) =>
    new UsageError('sandbox-option', `${name}: expected ${expected}, found ${found}`);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw wrong('port', 'a whole number from 0 to 65535', port);
  if (cap !== null && !(Number.isInteger(cap) && cap >= 0)) throw wrong('cap', 'a whole number, 0 or more', cap);
  if (!(latencyMs >= 0)) throw wrong('latency', 'milliseconds, 0 or more', latencyMs);
  if (!(errorRate >= 0 && errorRate <= 1)) throw wrong('error rate', 'a number from 0 to 1', errorRate);
}
