/**
 * Whether a `Host` header names this machine: a loopback address, or a name that only ever means one (RFC 6761). A request
 * without one (HTTP/1.0) comes from no browser, and so from no page that was made to call this machine.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = host.replace(/:\d*$/, '').toLowerCase();
  return name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name) || /^(?:[\w-]+\.)*localhost\.?$/.test(name);
}
