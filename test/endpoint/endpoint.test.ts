import { describe, expect, it } from 'vitest';
import { isLoopbackAddress } from '../../src/endpoint/addresses.js';
import { findDestination, requireEncrypted } from '../../src/endpoint/endpoint.js';
import type { LookUp } from '../../src/platform/ports.js';
import { movedClock } from '../support/index.js';

const resolvesTo =
  (...addresses: string[]): LookUp =>
  async () =>
    addresses;

async function isLoopback(endpoint: string | null, lookUp: LookUp): Promise<boolean> {
  return (await findDestination({ endpoint, clientCode: 'acme' }, lookUp, movedClock())).isLoopback;
}

describe('what is loopback', () => {
  it.each(['127.0.0.1', '127.255.0.9', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])('%s is', (address) => {
    expect(isLoopbackAddress(address)).toBe(true);
  });

  it.each(['126.0.0.1', '128.0.0.1', '0.0.0.0', '::', '::2', '::ffff:10.0.0.1', '10.0.0.1', 'localhost', ''])(
    '%j is not',
    (address) => {
      expect(isLoopbackAddress(address)).toBe(false);
    },
  );

  it('is decided by the addresses of a name, and never by the name', async () => {
    for (const origin of ['http://localhost:1', 'http://shop.localhost', 'https://acme.tt.omtrdc.net']) {
      expect(await isLoopback(origin, resolvesTo('127.0.0.1', '::1'))).toBe(true);
      expect(await isLoopback(origin, resolvesTo('192.0.2.7'))).toBe(false);
      expect(await isLoopback(origin, resolvesTo('127.0.0.1', '192.0.2.7'))).toBe(false);
      expect(await isLoopback(origin, resolvesTo())).toBe(false);
      expect(await isLoopback(origin, () => Promise.reject(new Error('ENOTFOUND')))).toBe(false);
    }
    expect(await isLoopback(null, resolvesTo('127.0.0.1'))).toBe(true);
  });

  it('needs no look-up where the endpoint is an address, in any way of writing it', async () => {
    const never: LookUp = () => Promise.reject(new Error('looked up'));
    for (const origin of [
      'http://127.0.0.1:8099',
      'http://[::1]',
      'http://127.1',
      'http://0x7f000001',
      'http://2130706433',
    ]) {
      expect(await isLoopback(origin, never)).toBe(true);
    }
    expect(await isLoopback('http://192.0.2.7', never)).toBe(false);
  });

  it('is not waited for where the name server does not answer', async () => {
    const clock = movedClock();
    const found = findDestination({ endpoint: 'http://x', clientCode: 'acme' }, () => new Promise(() => {}), clock);
    await clock.advance(5_000);
    expect((await found).isLoopback).toBe(false);
  });
});

describe('http:', () => {
  const ask = (endpoint: string | null, lookUp: LookUp, allowHttp = false) =>
    requireEncrypted({ endpoint, clientCode: 'acme', allowHttp }, lookUp, movedClock());

  it('is taken where the address is loopback, and elsewhere only with --allow-http', async () => {
    await ask('http://shop.localhost', resolvesTo('127.0.0.1'));
    await ask('http://shop.localhost', resolvesTo('192.0.2.7'), true);
    await ask('https://proxy.example', resolvesTo('192.0.2.7'));
    await ask(null, resolvesTo('192.0.2.7'));
    for (const lookUp of [resolvesTo('192.0.2.7'), resolvesTo('127.0.0.1', '192.0.2.7'), resolvesTo()]) {
      await expect(ask('http://shop.localhost', lookUp)).rejects.toMatchObject({
        code: 'endpoint-http',
        exitStatus: 2,
        message: expect.stringContaining('--allow-http'),
      });
    }
  });
});
