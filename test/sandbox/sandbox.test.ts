import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';
import { faultFor } from '../../src/sandbox/faults.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.js';
import type { AppliedUpdate } from '../../src/sandbox/service.js';
import { UsageError } from '../../src/terms/errors.js';
import { atEndOfFile, listen, movedClock } from '../support/index.js';

const plain: SandboxOptions = {
  port: 0,
  knownOnly: false,
  cap: null,
  token: null,
  latencyMs: 0,
  errorRate: 0,
  seed: 1,
  clock: systemClock,
};

async function start(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ ...plain, ...options });
  atEndOfFile(() => sandbox.close());
  return sandbox;
}

const formType = 'application/x-www-form-urlencoded';

async function post(sandbox: Sandbox, body: string, headers: Record<string, string> = {}, client = 'demo') {
  const response = await fetch(`${sandbox.url}/m2/${client}/profile/update`, {
    method: 'POST',
    body,
    headers: { 'content-type': formType, ...headers },
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

async function get(sandbox: Sandbox, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(sandbox.url + path, { headers });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const success = { status: 200, body: 'trueRequest successfully submitted' };

describe('an update', () => {
  it('by POST is answered with the documented body and changes the profile', async () => {
    const sandbox = await start();
    expect(await post(sandbox, 'mbox3rdPartyId=a%20b&profile.city=K%C3%B6ln&profile.tier=gold+plus')).toMatchObject(
      success,
    );
    expect(sandbox.profile('thirdPartyId', 'a b')).toEqual({ city: 'Köln', tier: 'gold plus' });
    expect(sandbox.profile('pcId', 'a b')).toBeNull();
  });

  it('by GET does the same', async () => {
    const sandbox = await start();
    expect(await get(sandbox, '/m2/demo/profile/update?mboxPC=1.2&profile.a=%26%3D%2B')).toMatchObject(success);
    expect(sandbox.profile('pcId', '1.2')).toEqual({ a: '&=+' });
  });

  it('leaves the other attributes, ignores an empty value, and lets the later value stand', async () => {
    const sandbox = await start();
    await post(sandbox, 'mboxPC=1&profile.a=1&profile.b=2');
    await post(sandbox, 'mboxPC=1&profile.a=&profile.b=3&profile.c=4&profile.c=5&profile.__proto__=6');
    expect(sandbox.profile('pcId', '1')).toEqual(
      Object.fromEntries([
        ['a', '1'],
        ['b', '3'],
        ['c', '5'],
        ['__proto__', '6'],
      ]),
    );
  });

  it('with no value is a success that creates nothing', async () => {
    const sandbox = await start();
    expect(await post(sandbox, 'mboxPC=1&profile.a=')).toMatchObject(success);
    expect(sandbox.profile('pcId', '1')).toBeNull();
  });

  it('of an unknown visitor creates nothing with knownOnly, and is answered as a success', async () => {
    const sandbox = await start({ knownOnly: true });
    sandbox.meet('pcId', 'known', 'demo');
    expect(await post(sandbox, 'mboxPC=known&profile.a=1')).toMatchObject(success);
    expect(await post(sandbox, 'mboxPC=unknown&profile.a=1')).toMatchObject(success);
    expect(sandbox.profile('pcId', 'known')).toEqual({ a: '1' });
    expect(sandbox.profile('pcId', 'unknown')).toBeNull();
    expect(sandbox.counts).toMatchObject({ taken: 2, unknownVisitor: 1 });
  });

  it('is told of, in the order in which it was applied', async () => {
    const updates: AppliedUpdate[] = [];
    const sandbox = await start({ onUpdate: (update) => updates.push(update) });
    await post(sandbox, 'mboxPC=1&profile.a=1');
    await post(sandbox, 'mboxPC=1&profile.a=2');
    expect(updates).toEqual(
      ['1', '2'].map((value) => ({ clientCode: 'demo', idType: 'pcId', id: '1', attributes: [['a', value]] })),
    );
  });

  it.each([
    ['of 60,000 bytes is taken', 60_000, 200],
    ['of 60,001 bytes is refused', 60_001, 413],
    ['of a megabyte is refused, and the answer arrives', 1_000_000, 413],
  ])('by POST %s', async (_what, sizeBytes, status) => {
    const sandbox = await start();
    const start60 = 'mboxPC=1&profile.a=';
    expect((await post(sandbox, start60.padEnd(sizeBytes, 'x'))).status).toBe(status);
    expect(sandbox.profile('pcId', '1') !== null).toBe(status === 200);
  });

  it.each([
    ['of 8,000 bytes is taken', 8_000, 200],
    ['of 8,001 bytes is refused', 8_001, 414],
    ['of 60,000 bytes is refused', 60_000, 414],
    ['of 70,000 bytes is refused by the HTTP parser', 70_000, 431],
  ])('by GET %s', async (_what, sizeBytes, status) => {
    const sandbox = await start();
    const path = '/m2/demo/profile/update?mboxPC=1&profile.a='.padEnd(sizeBytes, 'x');
    expect((await get(sandbox, path)).status).toBe(status);
  });

  it.each([
    ['a broken %', 'mboxPC=1&profile.a=%zz'],
    ['no id', 'profile.a=1'],
    ['a / in a third party id', 'mbox3rdPartyId=a%2Fb&profile.a=1'],
  ])('with %s is answered 400 with an XML body that says success false', async (_what, body) => {
    const sandbox = await start();
    const answer = await post(sandbox, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatch(/^<response><success>false<\/success><message>[^<]+<\/message><\/response>$/);
    expect(sandbox.counts).toMatchObject({ accepted: 1, refused: 1, taken: 0 });
  });

  it('whose body is not a form is refused: its parameters are not looked at', async () => {
    const sandbox = await start();
    const answer = await post(sandbox, 'mboxPC=1&profile.a=1', { 'content-type': 'text/plain' });
    expect(answer.status).toBe(400);
  });

  it('that would make a profile too large changes nothing and is a 200 with success false', async () => {
    const sandbox = await start();
    await post(sandbox, `mboxPC=1&profile.a=${'x'.repeat(40_000)}`);
    const answer = await post(
      sandbox,
      `mboxPC=1&profile.a=y&profile.b=${'x'.repeat(59_000)}&profile.c=${'z'.repeat(100)}`,
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('trueRequest');
    const full = await post(sandbox, `mboxPC=1&profile.d=${'x'.repeat(10_000)}`);
    expect(full.status).toBe(200);
    expect(full.body).toContain('<success>false</success>');
    expect(Object.keys(sandbox.profile('pcId', '1') ?? {})).toEqual(['a', 'b', 'c']);
  });
});

describe('who may call', () => {
  it('only the client code that it was given, in any case', async () => {
    const sandbox = await start({ clientCode: 'Demo' });
    expect(await post(sandbox, 'mboxPC=1&profile.a=1')).toMatchObject(success);
    const other = await post(sandbox, 'mboxPC=1&profile.a=2', {}, 'other');
    expect(other.status).toBe(400);
    expect(other.headers.get('content-type')).toContain('xml');
    expect(sandbox.profile('pcId', '1')).toEqual({ a: '1' });
  });

  it('any client code without one, and each has profiles of its own', async () => {
    const sandbox = await start();
    await post(sandbox, 'mboxPC=1&profile.a=1', {}, 'one');
    await post(sandbox, 'mboxPC=1&profile.a=2', {}, 'two');
    expect(sandbox.profile('pcId', '1', 'one')).toEqual({ a: '1' });
    expect(sandbox.profile('pcId', '1', 'two')).toEqual({ a: '2' });
    expect(() => sandbox.profile('pcId', '1')).toThrow('client code');
  });

  it('only who has the token, to update and to fetch', async () => {
    const sandbox = await start({ token: 'let-me-in' });
    const right = { authorization: 'Bearer let-me-in' };
    expect((await post(sandbox, 'mboxPC=1&profile.a=1')).status).toBe(403);
    expect((await post(sandbox, 'mboxPC=1&profile.a=1', { authorization: 'Bearer other' })).status).toBe(403);
    expect(await post(sandbox, 'mboxPC=1&profile.a=1', right)).toMatchObject(success);
    expect((await get(sandbox, '/rest/v1/profiles/1?client=demo')).status).toBe(403);
    expect((await get(sandbox, '/rest/v1/profiles/1?client=demo', right)).status).toBe(200);
    expect(sandbox.counts).toMatchObject({ updates: 3, accepted: 1, unauthorized: 2 });
  });
});

describe('the cap', () => {
  it('is exact in any rolling window, and says when the next update comes free', async () => {
    const clock = movedClock();
    const sandbox = await start({ cap: 2, clock });
    const statuses: number[] = [];
    const update = async () => statuses.push((await post(sandbox, 'mboxPC=1&profile.a=1')).status);
    await update();
    await clock.advance(3_600_000);
    await update();
    await update();
    const turnedAway = await post(sandbox, 'mboxPC=1&profile.a=2');
    expect(turnedAway.headers.get('retry-after')).toBe(String(23 * 3600));
    await clock.advance(23 * 3_600_000 - 1);
    await update();
    await clock.advance(1);
    await update();
    await update();
    expect(statuses).toEqual([200, 200, 429, 429, 200, 429]);
    expect(sandbox.turnedAwayCount).toBe(4);
    expect(sandbox.maxInWindow).toBe(2);
    expect(sandbox.profile('pcId', '1')).toEqual({ a: '1' });
  });

  it('is counted by client code, and counts what is refused but not what is turned away', async () => {
    const sandbox = await start({ cap: 2 });
    expect((await post(sandbox, 'profile.a=1', {}, 'one')).status).toBe(400);
    expect((await post(sandbox, 'mboxPC=1&profile.a=1', {}, 'ONE')).status).toBe(200);
    expect((await post(sandbox, 'mboxPC=1&profile.a=1', {}, 'one')).status).toBe(429);
    expect((await post(sandbox, 'mboxPC=1&profile.a=1', {}, 'two')).status).toBe(200);
    expect(sandbox.maxInWindow).toBe(2);
  });

  it('does not move with a wall clock that steps', async () => {
    const clock = movedClock();
    const sandbox = await start({ cap: 1, clock });
    await post(sandbox, 'mboxPC=1&profile.a=1');
    clock.stepWall(48 * 3_600_000);
    expect((await post(sandbox, 'mboxPC=1&profile.a=1')).status).toBe(429);
  });

  it('of 0 turns every update away', async () => {
    expect((await post(await start({ cap: 0 }), 'mboxPC=1&profile.a=1')).status).toBe(429);
  });

  it('that is not set still tells the largest number in a window', async () => {
    const clock = movedClock();
    const sandbox = await start({ clock, windowMs: 1_000 });
    for (const waitMs of [400, 400, 400, 2_000, 0]) {
      await post(sandbox, 'mboxPC=1&profile.a=1');
      await clock.advance(waitMs);
    }
    expect(sandbox.maxInWindow).toBe(3);
  });
});

describe('reading a profile back', () => {
  it('gives the documented form, names without the prefix', async () => {
    const clock = movedClock();
    const sandbox = await start({ clock });
    await post(sandbox, 'mbox3rdPartyId=%C3%A4%20%26&profile.country=france');
    await clock.advance(1_000);
    await post(sandbox, 'mbox3rdPartyId=%C3%A4%20%26&profile.tier=gold');
    const answer = await get(sandbox, '/rest/v1/profiles/thirdPartyId/%C3%A4%20%26?client=demo');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({
      client: 'demo',
      visitorId: 'ä &',
      modifiedAt: '2026-01-01T00:00:01.000Z',
      profileAttributes: {
        country: { value: 'france', modifiedAt: '2026-01-01T00:00:00.000Z' },
        tier: { value: 'gold', modifiedAt: '2026-01-01T00:00:01.000Z' },
      },
    });
  });

  it('says 404 in the documented words if there is no profile', async () => {
    const sandbox = await start();
    const third = await get(sandbox, '/rest/v1/profiles/thirdPartyId/a1?client=demo');
    expect(third.status).toBe(404);
    expect(JSON.parse(third.body)).toEqual({
      status: 404,
      message: 'No profile found for client demo with third party id=a1',
    });
    const own = await get(sandbox, '/rest/v1/profiles/123.4?client=demo');
    expect(JSON.parse(own.body)).toEqual({
      status: 404,
      message: 'No profile found for client demo with mboxPC=123.4',
    });
  });

  it.each(['/', '/m2/demo/profile/updat', '/rest/v1/profiles/%zz?client=demo', '/rest/v1/profiles/'])(
    'anything else, such as %s, is not found',
    async (path) => {
      expect((await get(await start(), path)).status).toBe(404);
    },
  );
});

const visitors = Array.from({ length: 300 }, (_, index) => index);

describe('faults', () => {
  /** The answers to one update for each of 300 visitors, in the order given. */
  async function outcomes(order: readonly number[]): Promise<string[]> {
    const sandbox = await start({ errorRate: 0.5, seed: 3, clock: { ...systemClock, schedule: sooner } });
    const found: string[] = [];
    const queue = [...order];
    const worker = async () => {
      for (let visitor = queue.shift(); visitor !== undefined; visitor = queue.shift()) {
        const answer = await post(sandbox, `mboxPC=${visitor}&profile.a=1`).catch(() => null);
        const applied = sandbox.profile('pcId', String(visitor)) !== null;
        const retryAfter = answer?.headers.get('retry-after') ?? '-';
        found[visitor] = `${answer?.status ?? 'cut'} ${retryAfter} ${answer?.body.slice(0, 9)} ${applied}`;
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    await sandbox.close();
    return found;
  }
  const sooner = (_delayMs: number, run: () => void) => systemClock.schedule(0, run);

  it('are the same for every visitor when a run is repeated, in whatever order requests arrive', async () => {
    const first = await outcomes(visitors);
    expect(await outcomes([...visitors].reverse())).toEqual(first);
    expect(new Set(first)).toEqual(
      new Set([
        '200 - trueReque true',
        '500 - <response false',
        '503 1 <response false',
        '200 - <!DOCTYPE false',
        'cut - undefined true',
        'cut - undefined false',
      ]),
    );
  });
});

describe('a late reply', () => {
  it('is a second late, and the update is applied at once', async () => {
    const late = visitors.find((visitor) => faultFor(3, 1, `pcId:${visitor}`, 1) === 'late-reply');
    const clock = movedClock();
    const sandbox = await start({ errorRate: 1, seed: 3, latencyMs: 80, clock });
    const answer = post(sandbox, `mboxPC=${late}&profile.a=1`);
    while (clock.timerCount() === 0) await clock.advance(0);
    expect(clock.untilNextMs()).toBe(1_080);
    expect(sandbox.profile('pcId', String(late))).toEqual({ a: '1' });
    await clock.advance(1_080);
    expect(await answer).toMatchObject(success);
  });
});

describe('the server', () => {
  it('answers after the latency, and when it is closed while an answer is held back', async () => {
    const clock = movedClock();
    const sandbox = await start({ latencyMs: 80, clock });
    let isAnswered = false;
    const first = post(sandbox, 'mboxPC=1&profile.a=1').finally(() => {
      isAnswered = true;
    });
    while (clock.timerCount() === 0) await clock.advance(0);
    await clock.advance(79);
    expect(isAnswered).toBe(false);
    await clock.advance(1);
    expect(await first).toMatchObject(success);
    const second = post(sandbox, 'mboxPC=1&profile.a=1');
    while (clock.timerCount() === 0) await clock.advance(0);
    await sandbox.close();
    expect(await second).toMatchObject(success);
    expect(clock.timerCount()).toBe(0);
  });

  it('outlives clients that break off, dribble, or speak no HTTP', async () => {
    const sandbox = await start();
    const speak = async (text: string) => {
      const socket = connect(sandbox.port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(text);
      return socket;
    };
    const head = 'POST /m2/demo/profile/update HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n';
    (await speak(`${head}mboxPC=1`)).resetAndDestroy();
    (await speak('GET /m2/demo/profile/update?mboxPC=1 HTTP/1.1\r\nhost: x\r\n\r\n')).resetAndDestroy();
    const noHttp = await speak('\x16\x03\x01 hello\r\n\r\n');
    noHttp.resume();
    await once(noHttp, 'close');
    const dribbling = await speak(head);
    expect(await post(sandbox, 'mboxPC=1&profile.a=1')).toMatchObject(success);
    dribbling.resume();
    const cut = once(dribbling, 'close');
    await sandbox.close();
    await cut;
  });

  it('closes with connections kept alive, twice without harm, and is gone', async () => {
    const sandbox = await start();
    await post(sandbox, 'mboxPC=1&profile.a=1');
    await Promise.all([sandbox.close(), sandbox.close()]);
    await expect(post(sandbox, 'mboxPC=1&profile.a=1')).rejects.toThrow();
  });

  it('says which port cannot be had and what to do', async () => {
    const taken = await listen((_request, response) => response.end());
    const error = await startSandbox({ ...plain, port: taken.port }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: 'sandbox-port' });
    expect(String(error)).toContain(`${taken.port} cannot be listened on`);
    expect(String(error)).toContain('EADDRINUSE');
  });

  it.each([
    { port: 70_000 },
    { port: 1.5 },
    { cap: -1 },
    { cap: 0.5 },
    { latencyMs: -1 },
    { errorRate: 1.1 },
    { errorRate: Number.NaN },
  ])('does not start with %j', async (options) => {
    await expect(startSandbox({ ...plain, ...options })).rejects.toMatchObject({ code: 'sandbox-option' });
  });

  it('listens on the IPv6 loopback where it is asked to and the machine has one', async (context) => {
    const probe = createServer();
    const isThere = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(0, '::1', () => probe.close(() => resolve(true)));
    });
    if (!isThere) context.skip();
    const sandbox = await start({ host: '::1' });
    expect(sandbox.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect(await post(sandbox, 'mboxPC=1&profile.a=1')).toMatchObject(success);
  });
});
