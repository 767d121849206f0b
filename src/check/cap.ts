import { defaultEndpoint, findDestination } from '../endpoint/endpoint.js';
import { capOfRoute } from '../job/terms/cap-of-route.js';
import { capView, type LedgerStatus, ledgerStatus } from '../ledger/status.js';
import { findHome } from '../state/open-home.js';
import type { RouteName } from '../terms/outcome.js';
import type { CheckOptions } from './options.js';
import type { CapStanding } from './plan.js';
import type { CheckPorts } from './ports.js';

export interface CapFound extends CapStanding {
  /** `null` without a client code: it is not known whose cap it is. */
  readonly left: number | null;
}

type CapPorts = Pick<CheckPorts, 'lookUp' | 'clock' | 'bootClock'>;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The origin that the options send to. */
export function originOf({ endpoint, clientCode }: CheckOptions): string {
  return endpoint ?? defaultEndpoint(clientCode ?? 'unknown');
}

/**
 * Whether the options send to this machine itself, whose cap and memory are kept apart. A check needs no network: without
 * --endpoint it is taken to be Adobe's.
 */
export async function sendsToLoopback(
  { sandbox, endpoint, clientCode }: CheckOptions,
  { lookUp, clock }: Pick<CheckPorts, 'lookUp' | 'clock'>,
): Promise<boolean> {
  if (sandbox || endpoint === null) return sandbox;
  return (await findDestination({ endpoint, clientCode: clientCode ?? '' }, lookUp, clock)).isLoopback;
}

/** The cap as the ledger has it. A ledger that does not exist is not created. @throws MachineError */
export async function findCap(options: CheckOptions, ports: CapPorts, route: RouteName): Promise<CapFound> {
  const { clientCode, sandbox } = options;
  const cap = capOfRoute(options, route);
  const limit = Math.max(1, cap.limit - cap.reserve);
  if (clientCode === null) return { limit, used: 0, frees: [], left: null };
  const loopback = await sendsToLoopback(options, ports);
  const home = sandbox ? null : await findHome(options);
  try {
    const owner = { clientCode, isLoopback: loopback };
    const view = await capView(home, { ...owner, ...cap });
    const ledgers = await ledgerStatus(home);
    const own = ledgers.find(
      (one) => one.clientCode === clientCode.toLowerCase() && one.isLoopback === loopback && one.kind === route,
    );
    return { limit, used: view.used, left: view.left, frees: own === undefined ? [] : freesOf(own) };
  } finally {
    await home?.close();
  }
}

/** By the hour: what was used in one is taken to come free a day after its end. */
export function freesOf({ hours, allFreeAtMs }: Pick<LedgerStatus, 'hours' | 'allFreeAtMs'>): CapStanding['frees'] {
  return hours
    .filter(({ used }) => used > 0)
    .map(({ fromMs, used }) => ({
      atMs: Math.min(fromMs + hourMs + dayMs, allFreeAtMs ?? Number.POSITIVE_INFINITY),
      units: used,
    }));
}
