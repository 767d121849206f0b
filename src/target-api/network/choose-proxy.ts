import { bitsOf, familyOf, isInRange } from '../../endpoint/addresses.js';
import { literalAddress } from '../../endpoint/endpoint.js';
import { UsageError } from '../../terms/errors.js';

/** Which proxy the environment names for an endpoint. Pure. */

type Environment = Readonly<Record<string, string | undefined>>;

/** As curl and undici read them: the name in lower case wins. */
const proxyVariables = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'];
const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * The proxy's URL; `null`: none is named, or NO_PROXY names the endpoint. HTTP_PROXY serves https: too where there is no
 * HTTPS_PROXY.
 *
 * @throws UsageError `proxy-url` for a proxy variable that is not a URL, used or not.
 */
export function chooseProxy(origin: string, environment: Environment): string | null {
  for (const name of proxyVariables) checkProxy(name, environment[name] ?? '');
  const url = new URL(origin);
  const http = environment.http_proxy ?? environment.HTTP_PROXY ?? '';
  const https = environment.https_proxy ?? environment.HTTPS_PROXY ?? '';
  const proxy = url.protocol === 'https:' && https !== '' ? https : http;
  if (proxy === '') return null;
  const exceptions = (environment.no_proxy ?? environment.NO_PROXY ?? '')
    .split(/[,\s]+/)
    .filter((entry) => entry !== '');
  return exceptions.some((entry) => isException(entry, url)) ? null : proxy;
}

/** Its value may hold a password, and is not shown. */
function checkProxy(name: string, value: string): void {
  if (value === '') return;
  const protocol = URL.canParse(value) ? new URL(value).protocol : '';
  if (protocol === 'http:' || protocol === 'https:') return;
  throw new UsageError('proxy-url', `${name} must be the URL of a proxy, http://host:port or https://host:port.`);
}

/** `*`, a name (its subdomains too), an address, or addresses as CIDR (`10.0.0.0/8`); a name or an address with `:port`. */
function isException(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const address = literalAddress(url.origin);
  const cidr = /^(.+)\/(\d{1,3})$/.exec(entry);
  if (cidr !== null) return address !== null && isInRange(address, unbracketed(cidr[1] ?? ''), Number(cidr[2]));
  const { host, port } = hostAndPort(entry);
  if (port !== null && port !== (url.port === '' ? defaultPorts[url.protocol] : url.port)) return false;
  const family = familyOf(host);
  if (address !== null) return family !== 0 && isInRange(address, host, bitsOf(family));
  const name = host.replace(/^\*?\./, '').toLowerCase();
  return url.hostname === name || url.hostname.endsWith(`.${name}`);
}

/** An IPv6 address without brackets has no port: its colons are its own. */
function hostAndPort(entry: string): { readonly host: string; readonly port: string | null } {
  const parts = familyOf(entry) === 0 ? /^(.+):(\d+)$/.exec(entry) : null;
  return { host: unbracketed(parts?.[1] ?? entry), port: parts?.[2] ?? null };
}

function unbracketed(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
