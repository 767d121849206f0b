import type { Clock, LookUp } from '../platform/ports.js';
import { UsageError } from '../terms/errors.js';
import { familyOf, isLoopbackAddress } from './addresses.js';

/**
 * Where a run sends to.
 *
 * What is loopback (this machine itself: http: is fine, no proxy, a cap and a memory of its own) is decided by
 * addresses, never by a name: any name can lead to any machine. It is decided once for a run, and each connection is
 * made only to addresses for which the same holds (target-api/network/lookup-guard.ts).
 */
export interface Destination {
  /** `https://host` or `http://host:port`. */
  readonly origin: string;
  readonly isLoopback: boolean;
}

/** Where a client code's updates go unless --endpoint says otherwise (Adobe's documentation). */
export function defaultEndpoint(clientCode: string): string {
  return `https://${clientCode.toLowerCase()}.tt.omtrdc.net`;
}

/** The address that an origin names; `null`: it names a host. */
export function literalAddress(origin: string): string | null {
  const { hostname } = new URL(origin);
  const address = hostname.replace(/^\[|\]$/g, '');
  return familyOf(address) === 0 ? null : address;
}

/** A name server that does not answer must not delay a run: the name is looked up again for each connection. */
const lookUpMsMax = 5_000;

interface DestinationOptions {
  /** An origin; `null`: the client code's own. */
  readonly endpoint: string | null;
  readonly clientCode: string;
}

/** Looks the endpoint's addresses up. A name without any is not loopback: the run says what is wrong with it. */
export async function findDestination(
  { endpoint, clientCode }: DestinationOptions,
  lookUp: LookUp,
  clock: Clock,
): Promise<Destination> {
  const origin = endpoint ?? defaultEndpoint(clientCode);
  const literal = literalAddress(origin);
  const addresses = literal === null ? await lookUpInTime(new URL(origin).hostname, lookUp, clock) : [literal];
  return { origin, isLoopback: addresses.length > 0 && addresses.every(isLoopbackAddress) };
}

async function lookUpInTime(hostname: string, lookUp: LookUp, clock: Clock): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(lookUpMsMax, () => resolve([]));
    const settle = (addresses: readonly string[]) => {
      cancel();
      resolve(addresses);
    };
    lookUp(hostname).then(settle, () => settle([]));
  });
}

/** Why nothing may be sent there, or `null`: ids and values leave this machine encrypted unless the user says otherwise. */
export function unencryptedMessage({ origin, isLoopback }: Destination, allowHttp: boolean): string | null {
  if (isLoopback || allowHttp || !origin.startsWith('http:')) return null;
  return `--endpoint: expected https: for a host whose address is not loopback; found ${origin}. Ids and values would be sent unencrypted. Use https:, or add --allow-http to send them all the same`;
}

/** Before any file is looked at. @throws UsageError `endpoint-http` */
export async function requireEncrypted(
  options: DestinationOptions & { readonly allowHttp: boolean },
  lookUp: LookUp,
  clock: Clock,
): Promise<void> {
  if (options.endpoint?.startsWith('http:') !== true) return;
  const message = unencryptedMessage(await findDestination(options, lookUp, clock), options.allowHttp);
  if (message !== null) throw new UsageError('endpoint-http', message);
}
