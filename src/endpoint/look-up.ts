import { lookup } from 'node:dns/promises';
import type { LookUp } from '../platform/ports.js';

/** The system's own resolver, hosts files included: what a connection to the name would use. */
export const systemLookUp: LookUp = async (hostname) => {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address }) => address);
};
