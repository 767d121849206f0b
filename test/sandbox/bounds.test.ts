import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startSandbox as startForProgram } from '../../src/index.js';
import { systemClock } from '../../src/platform/clock.js';
import { Account, makeProfiles } from '../../src/sandbox/account.js';
import { BoundedMap } from '../../src/sandbox/bounded-map.js';
import { readKnown } from '../../src/sandbox/known.js';
import { RollingWindow } from '../../src/sandbox/rolling-window.js';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import { atEndOfFile, movedClock } from '../support/index.js';

const plain = { port: 0, knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 1 };

async function answerTo(url: string, host: string): Promise<number | undefined> {
  const sent = request(`${url}/m2/demo/profile/update?mboxPC=1&profile.a=1`, { headers: { host } });
  return new Promise((resolve, reject) => {
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('what a sandbox keeps', () => {
  it('is bounded: what was touched longest ago leaves first', () => {
    const map = new BoundedMap<string, number>(10);
    map.set('a', 1, 4);
    map.set('b', 2, 4);
    map.set('a', 3, 4);
    map.set('c', 4, 4);
    expect(map.keys()).toEqual(['a', 'c']);
    map.set('d', 5, 100);
    expect(map.keys()).toEqual(['d']);
    map.set('e', 6, 1);
    expect(map.keys()).toEqual(['e']);
  });

  it('is some 64 MB of profiles, however many visitors there are, and what is known stays known', () => {
    const profiles = makeProfiles();
    const account = new Account('demo', 1_000, null, profiles);
    account.meet('pcId', 'known');
    const value = 'x'.repeat(50_000);
    for (let n = 0; n < 2_000; n++) account.apply('pcId', n === 0 ? 'known' : `v${n}`, [['a', value]], n);
    expect(profiles.size).toBeLessThan(1_300);
    expect(account.find('pcId', 'v1')).toBeNull();
    expect(account.find('pcId', 'v1999')?.attributes.get('a')?.value).toBe(value);
    expect(account.find('pcId', 'known')?.attributes.size).toBe(0);
  });

  it('is a bounded number of times', () => {
    const window = new RollingWindow(1_000_000, 3);
    for (const timeMs of [1, 2, 3, 4, 5]) window.add(timeMs);
    expect(window.settle(5)).toBe(3);
    expect(window.largest).toBe(3);
    expect(window.untilOneLessMs(5)).toBe(999_998);
  });
});

describe('a request', () => {
  it.each(['127.0.0.1:8099', '127.1.2.3', 'localhost', 'LOCALHOST:1', 'shop.localhost:8099', '[::1]:8099'])(
    'to the host %s is answered',
    async (host) => {
      const sandbox = await startSandbox({ ...plain, clock: systemClock });
      atEndOfFile(() => sandbox.close());
      expect(await answerTo(sandbox.url, host)).toBe(200);
    },
  );

  it.each(['attacker.example', '127.0.0.1.attacker.example', 'localhost.attacker.example', '192.0.2.7:8099', '[::2]'])(
    'to the host %s is turned away, and nothing is stored',
    async (host) => {
      const sandbox = await startSandbox({ ...plain, clock: systemClock });
      atEndOfFile(() => sandbox.close());
      expect(await answerTo(sandbox.url, host)).toBe(403);
      expect(sandbox.profile('pcId', '1', 'demo')).toBeNull();
    },
  );
});

describe('--apply-after', () => {
  it('lets an update show so much later, in order, with that time as its own', async () => {
    const clock = movedClock();
    const sandbox = await startSandbox({ ...plain, clock, applyAfterMs: 60_000 });
    atEndOfFile(() => sandbox.close());
    const send = (a: number) => fetch(`${sandbox.url}/m2/demo/profile/update?mboxPC=1&profile.a=${a}`);
    await send(1);
    await clock.advance(30_000);
    await send(2);
    expect(sandbox.profile('pcId', '1')).toBeNull();
    await clock.advance(30_000);
    expect(sandbox.profile('pcId', '1')).toEqual({ a: '1' });
    await clock.advance(30_000);
    const fetched = await fetch(`${sandbox.url}/rest/v1/profiles/1?client=demo`);
    expect(await fetched.json()).toMatchObject({
      profileAttributes: { a: { value: '2', modifiedAt: new Date(clock.wallMs()).toISOString() } },
    });
  });
});

describe('--known', () => {
  it.each([
    ['a\nb%20c\n', ['thirdPartyId a', 'thirdPartyId b c']],
    ['pcId\r\n1.2\r\n\r\n3', ['pcId 1.2', 'pcId 3']],
    ['\ufeffbatch=thirdPartyId,tier\n"a",gold\nb,silver', ['thirdPartyId a', 'thirdPartyId b']],
  ])('reads ids one a line, or a bulk file: %j', (text, expected) => {
    expect(readKnown(text).map(({ idType, id }) => `${idType} ${id}`)).toEqual(expected);
  });

  it('names the line that is not URL-encoded', () => {
    expect(() => readKnown('thirdPartyId\na\n%zz')).toThrow(/line 3/);
  });
});

describe('startSandbox of the library', () => {
  it('takes updates, shows profiles and requests, and knows whom it was told', async () => {
    const sandbox = await startForProgram({ known: ['anna'], token: 'sesame' });
    atEndOfFile(() => sandbox.close());
    const headers = { authorization: 'Bearer sesame', 'content-type': 'application/x-www-form-urlencoded' };
    const send = async (body: string) => {
      const url = `${sandbox.url}/m2/demo/profile/update`;
      return (await fetch(url, { method: 'POST', headers, body })).status;
    };
    expect(await send('mbox3rdPartyId=anna&profile.tier=gold')).toBe(200);
    expect(await send('mbox3rdPartyId=bert&profile.tier=gold')).toBe(200);
    expect(sandbox.profile('anna')).toEqual({ tier: 'gold' });
    expect(sandbox.profile('bert')).toBeNull();
    expect(sandbox.requests()).toEqual(
      ['anna', 'bert'].map((id) => ({
        method: 'POST',
        url: '/m2/demo/profile/update',
        authorization: 'Bearer sesame',
        body: `mbox3rdPartyId=${id}&profile.tier=gold`,
        httpStatus: 200,
      })),
    );
    await sandbox.close();
    await sandbox.close();
  });

  it('leaves nothing that keeps a process alive', async () => {
    const library = new URL('../../dist/index.js', import.meta.url).href;
    const program = `
      const { startSandbox } = await import(${JSON.stringify(library)});
      const sandbox = await startSandbox({ latencyMs: 600000 });
      const open = fetch(sandbox.url + '/m2/demo/profile/update?mboxPC=1&profile.a=1').then((reply) => reply.text());
      await new Promise((resolve) => setTimeout(resolve, 100));
      await sandbox.close();
      console.log(await open, sandbox.requests().length);
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 20_000,
    });
    expect(stdout).toBe('trueRequest successfully submitted 1\n');
  });
});
