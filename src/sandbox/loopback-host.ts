/** Whether a `Host` header names this machine: a loopback address, or a name that only ever means one (RFC 6761). */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d*$/, '').toLowerCase();
  return name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name) || /^(?:[\w-]+\.)*localhost\.?$/.test(name);
}
