import { BlockList, isIP } from 'node:net';

/** What can be said of a network address without the network. Pure. */

/** 0: not an address. */
export function familyOf(text: string): 0 | 4 | 6 {
  const family = isIP(text);
  return family === 4 || family === 6 ? family : 0;
}

/** Whether `address` lies in `range/prefix`. An IPv4 address that is written as an IPv6 one is what it stands for. */
export function isInRange(address: string, range: string, prefix: number): boolean {
  const [family, rangeFamily] = [familyOf(address), familyOf(range)];
  if (family === 0 || rangeFamily === 0 || prefix > bitsOf(rangeFamily)) return false;
  const list = new BlockList();
  list.addSubnet(range, prefix, rangeFamily === 4 ? 'ipv4' : 'ipv6');
  return list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

export function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/** RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3. */
export function isLoopbackAddress(address: string): boolean {
  return isInRange(address, '127.0.0.0', 8) || isInRange(address, '::1', 128);
}
