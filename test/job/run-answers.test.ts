import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JobEnd } from '../../src/job/run-job.js';
import type { Hold, SendEvent } from '../../src/job/terms/events.js';
import { atEndOfFile, listen } from '../support/index.js';
import { type Answer, ids, type RunWorld, rowsText, runWorld, taken } from './support/job-run-world.js';

/** What a run makes of what the network and the server answer. */

let world: RunWorld;
let events: SendEvent[];
const hooks = { onEvent: (event: SendEvent) => void events.push(event) };

beforeEach(async () => {
  world = await runWorld();
  events = [];
});

const codes = ({ error, exitStatus }: JobEnd) => [exitStatus, error?.code ?? null];
const sent = () => world.seen.map(({ id }) => id);
const byNumber = (list: readonly string[]) => [...list].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
const holds = (): Hold[] => events.flatMap((event) => (event.kind === 'hold' ? [event.hold] : []));
const notices = () => events.flatMap((event) => (event.kind === 'notice' ? [event.code] : []));
const statuses = async (name: string) =>
  Object.fromEntries((await world.results(name)).map((cells) => [cells[2], cells[3]]));

describe('429 and 503', () => {
  const laterAt = (wallMs: number): string => new Date(wallMs).toUTCString();

  it.each([
    ['seconds', (): string => '90', 90_000, 91_000],
    ['a date', (): string => laterAt(world.clock.wallMs() + 120_000), 119_000, 121_000],
    ['a date in the past', (): string => laterAt(world.clock.wallMs() - 120_000), 0, 61_000],
    ['nonsense', (): string => 'soon', 0, 61_000],
    ['a negative number', (): string => '-5', 0, 61_000],
  ] as const)('hold all rows until Retry-After, as %s', async (_, retryAfter, fromMs, toMs) => {
    const file = await world.put('a.csv', rowsText(20));
    world.answer = (_seen, index) => (index === 9 ? { status: 429, headers: { 'retry-after': retryAfter() } } : taken);
    expect(codes(await world.run(file, { concurrency: 1 }, hooks))).toEqual([0, null]);
    const [before, after] = [world.seen[9]?.atMs ?? 0, world.seen[10]?.atMs ?? 0];
    expect(after - before).toBeGreaterThanOrEqual(fromMs);
    expect(after - before).toBeLessThanOrEqual(toMs);
    expect(byNumber([...new Set(sent())])).toEqual(ids(20));
  });

  it('are believed for 24 hours at most', async () => {
    const file = await world.put('a.csv', rowsText(3));
    const stop = new AbortController();
    world.answer = () => ({ status: 503, headers: { 'retry-after': '99999999999' } });
    world.clock.schedule(60_000, () => stop.abort('SIGTERM'));
    await world.run(file, {}, { ...hooks, signal: stop.signal });
    const [hold] = holds();
    expect(hold?.cause).toBe('throttled');
    const heldMs = (hold?.untilWallMs ?? 0) - (hold?.sinceWallMs ?? 0);
    expect(Math.round(heldMs / 1000)).toBe(86_400);
  });

  it('stop the run with 4 where they ask for over a minute, with --on-cap stop', async () => {
    const file = await world.put('a.csv', rowsText(20));
    world.answer = (_seen, index) => (index === 9 ? { status: 503, headers: { 'retry-after': '61' } } : taken);
    expect(codes(await world.run(file, { onCap: 'stop' }))).toEqual([4, 'server-wait']);
    expect((await world.run(file)).exitStatus).toBe(0);
    world.answer = (_seen, index) => (index === 40 ? { status: 503, headers: { 'retry-after': '60' } } : taken);
    const other = await world.put('b.csv', rowsText(30));
    expect((await world.run(other, { onCap: 'stop' })).exitStatus).toBe(0);
  });
});

describe('an outage', () => {
  it('fails no row: the run holds, probes, and continues when the server is back', async () => {
    const file = await world.put('a.csv', rowsText(100));
    const startMs = world.clock.monotonicMs();
    world.answer = (seen) => (seen.atMs - startMs > 600_000 || world.seen.length <= 20 ? taken : 'reset');
    const end = await world.run(file, { retries: 1 }, hooks);
    expect(codes(end)).toEqual([0, null]);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 100, failed: 0 });
    expect(holds().map(({ cause }) => cause)).toContain('outage');
    expect(events.filter((event) => event.kind === 'released')).not.toEqual([]);
    const probes = world.seen.filter(({ atMs }) => atMs - startMs > 60_000 && atMs - startMs < 600_000);
    expect(probes.length).toBeLessThan(15);
  });

  it('that lasts longer than --give-up stops the run with 3, and ends no row', async () => {
    const file = await world.put('a.csv', rowsText(100));
    world.answer = () => 'reset';
    const end = await world.run(file, { giveUpMs: 120_000 });
    expect(codes(end)).toEqual([3, 'outage']);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 0, failed: 0 });
    world.answer = () => taken;
    expect((await world.run(file)).jobs[0]?.rows).toMatchObject({ submitted: 100 });
  });

  it('of the server’s process: no row fails because connections are refused', async () => {
    const file = await world.put('a.csv', rowsText(60));
    const { port } = await listen(() => {}).then(async (one) => {
      await one.close();
      return one;
    });
    let server: Server | null = null;
    const onEvent = (event: SendEvent) => {
      if (event.kind !== 'hold' || server !== null) return;
      server = createServer((_, response) => response.end(taken === 'reset' || taken === 'stall' ? '' : taken.body));
      server.listen(port, '127.0.0.1');
      atEndOfFile(async () => {
        server?.closeAllConnections();
        server?.close();
      });
    };
    const end = await world.run(file, { endpoint: `http://127.0.0.1:${port}`, retries: 0 }, { onEvent });
    expect(codes(end)).toEqual([0, null]);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 60, failed: 0 });
  });
});

describe('a name that does not resolve', () => {
  it.each([
    ['few rows', 2],
    ['many rows', 200],
  ])('stops the run with 3 after retries, with %s', async (_, count) => {
    const file = await world.put('a.csv', rowsText(count));
    // No label of a name may be as long: the system says so by itself, and asks no server.
    const endpoint = `http://${'a'.repeat(64)}.invalid`;
    const end = await world.run(file, { endpoint, allowHttp: true, retries: 2 });
    expect(codes(end)).toEqual([3, 'endpoint-unresolved']);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 0, failed: 0 });
  });
});

describe('401 and 403', () => {
  const guarded =
    (token: () => string, otherwise: Answer = { status: 401 }) =>
    (authorization: string | undefined): Answer =>
      authorization === `Bearer ${token()}` ? taken : otherwise;

  it('in the middle of a run are cleared by a token file that was renewed', async () => {
    const file = await world.put('a.csv', rowsText(40));
    const tokenFile = await world.put('token', 'old\n');
    let valid = 'old';
    world.answer = async ({ authorization }, index) => {
      if (index === 15) {
        valid = 'new';
        await writeFile(tokenFile, 'new\n');
      }
      return guarded(() => valid)(authorization);
    };
    const end = await world.run(file, { tokenFile });
    expect(codes(end)).toEqual([0, null]);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 40 });
    expect(end.jobs[0]?.reasons).toEqual([]);
  });

  it.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [407, 'proxy-refused'],
  ])('%i stops the run with 3 where the token was not renewed, and ends no row', async (status, code) => {
    const file = await world.put('a.csv', rowsText(40));
    const tokenFile = await world.put('token', 'secret-token\n');
    world.answer = (_seen, index) => (index >= 15 ? { status, body: 'bad token secret-token' } : taken);
    const end = await world.run(file, { tokenFile });
    expect(codes(end)).toEqual([3, code]);
    expect(end.error?.message).toMatch(/row \d+ \(line \d+\)/);
    expect(end.error?.message).not.toContain('secret-token');
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 15, refused: 0, failed: 0 });
    world.answer = () => taken;
    expect((await world.run(file, { tokenFile })).jobs[0]?.rows).toMatchObject({ submitted: 40 });
    for (const name of ['a.csv.results.csv', 'a.csv.checkpoint.json', 'a.csv.summary.json']) {
      expect(await world.read(name)).not.toContain('secret-token');
    }
  });

  it('403 of one row after successes is that row’s own: it is refused, the others continue', async () => {
    const file = await world.put('a.csv', rowsText(40));
    world.answer = ({ id }) => (id === 'v20' || id === 'v30' ? { status: 403, body: 'not this one' } : taken);
    const end = await world.run(file);
    expect(codes(end)).toEqual([1, null]);
    expect(end.jobs[0]?.rows).toMatchObject({ submitted: 38, refused: 2 });
    expect(end.jobs[0]?.reasons).toMatchObject([{ code: 'http-403', count: 2 }]);
    expect((await world.read('a.csv.rejects.csv')).split('\n').slice(1, -1)).toEqual(['v20,20', 'v30,30']);
  });

  it('leave no run hanging where the only row gets this answer', async () => {
    const file = await world.put('a.csv', rowsText(1));
    world.answer = () => ({ status: 403 });
    expect(codes(await world.run(file))).toEqual([3, 'unauthorized']);
    expect(world.seen).toHaveLength(2);
  });
});

describe('a wrong endpoint', () => {
  it.each([301, 302, 308])('that answers %i stops the run with 3, and is not followed', async (status) => {
    const file = await world.put('a.csv', rowsText(10));
    world.answer = () => ({ status, headers: { location: `${world.server.url}/elsewhere` } });
    const end = await world.run(file, { concurrency: 1 });
    expect(codes(end)).toEqual([3, 'redirected']);
    expect(world.seen).toHaveLength(1);
    expect(end.jobs[0]?.rows).toMatchObject({ refused: 0, failed: 0 });
  });

  it('is suspected when the first 20 answers are all refusals: 3, and no row is ended', async () => {
    const file = await world.put('a.csv', rowsText(100));
    world.answer = () => ({ status: 400, body: '<error>unknown client</error>' });
    const end = await world.run(file, { concurrency: 1 });
    expect(codes(end)).toEqual([3, 'endpoint-suspect']);
    expect(world.seen).toHaveLength(20);
    expect(await world.results('a.csv')).toEqual([]);
    world.answer = () => taken;
    expect((await world.run(file)).jobs[0]?.rows).toMatchObject({ submitted: 100 });
  });

  it('is suspected when every answer is a page of HTML with status 200', async () => {
    const file = await world.put('a.csv', rowsText(100));
    world.answer = () => ({ body: '<html><body>Welcome to the hotel network</body></html>' });
    expect(codes(await world.run(file))).toEqual([3, 'endpoint-suspect']);
    expect(await world.results('a.csv')).toEqual([]);
  });

  it('cannot be distinguished from bad rows in a short file: they are written, with a hint', async () => {
    const file = await world.put('a.csv', rowsText(5));
    world.answer = () => ({ status: 400, body: '<error>no such thing</error>' });
    expect(codes(await world.run(file, {}, hooks))).toEqual([1, null]);
    expect(Object.values(await statuses('a.csv'))).toEqual(Array(5).fill('refused'));
    expect(notices()).toContain('few-answers');
  });
});

describe('replies', () => {
  it('that are not a success of this API, for one row: it fails after its attempts and the others continue', async () => {
    const bodies: Record<string, Answer> = {
      v4: { body: '<html>oops</html>' },
      v5: {},
      v6: { status: 204 },
      v7: { body: '<response><success>false</success><message>no</message></response>' },
      v8: { status: 408 },
      v9: { body: 'x'.repeat(1_000_000) },
    };
    world.answer = ({ id }) => bodies[id] ?? taken;
    const file = await world.put('a.csv', rowsText(12));
    const end = await world.run(file, { retries: 2 });
    expect(codes(end)).toEqual([1, null]);
    expect(await statuses('a.csv')).toMatchObject({
      v3: 'submitted',
      ...{ v4: 'failed', v5: 'failed', v6: 'failed', v7: 'refused', v8: 'failed', v9: 'failed', v10: 'submitted' },
    });
    expect(sent().filter((id) => id === 'v4')).toHaveLength(3);
    expect(sent().filter((id) => id === 'v7')).toHaveLength(1);
  });

  it('that never come are given up at --timeout, and the row is sent again', async () => {
    const file = await world.put('a.csv', rowsText(10));
    world.answer = ({ id }) => (id === 'v5' && sent().filter((one) => one === id).length < 3 ? 'stall' : taken);
    const end = await world.run(file, { timeoutMs: 7000 });
    expect(codes(end)).toEqual([0, null]);
    expect(end.jobs[0]?.cap.used).toBe(world.seen.length); // they left: they may have been taken
    const row = (await world.results('a.csv')).find((cells) => cells[2] === 'v5');
    expect(row?.[5]).toBe('3');
    expect(Number(row?.[6])).toBeGreaterThanOrEqual(14_000);
  });

  it('over connections that the server closes after each are not an error', async () => {
    const file = await world.put('a.csv', rowsText(60));
    world.answer = (_seen, index) =>
      index % 3 === 1 ? 'reset' : { ...Object(taken), headers: { connection: 'close' } };
    const end = await world.run(file);
    expect(codes(end)).toEqual([0, null]);
    expect(byNumber([...new Set(sent())])).toEqual(ids(60));
  });

  it('of one visitor’s rows are waited for before the next goes out, all attempts included', async () => {
    const file = await world.put('a.csv', `batch=thirdPartyId,row\n${'v1,1\nv1,2\nv2,3\nv1,4\n'}`);
    const failures = new Map([['1', 2]]);
    world.answer = ({ values }) => {
      const row = values.get('profile.row') ?? '';
      const left = failures.get(row) ?? 0;
      failures.set(row, left - 1);
      return left > 0 ? { status: 500 } : taken;
    };
    expect((await world.run(file)).exitStatus).toBe(0);
    const ofFirst = world.seen.filter(({ id }) => id === 'v1').map(({ values }) => values.get('profile.row'));
    expect(ofFirst).toEqual(['1', '1', '1', '2', '4']);
  });
});

describe('ways to the server', () => {
  it('over IPv6', async () => {
    const server = createServer((_, response) => response.end('trueRequest successfully submitted'));
    await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
    atEndOfFile(async () => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const file = await world.put('a.csv', rowsText(5));
    const end = await world.run(file, { endpoint: `http://[::1]:${address.port}` });
    expect(codes(end)).toEqual([0, null]);
  });

  it('through a proxy that the environment names', async () => {
    const proxied: string[] = [];
    const proxy = await listen((request, response) => response.end(request.url));
    proxy.server.on('connect', (request, socket, head) => {
      proxied.push(request.url ?? '');
      const onward = connect(world.server.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.write(head);
        onward.pipe(socket);
        socket.pipe(onward);
      });
      for (const end of [onward, socket]) end.on('error', () => onward.destroy());
    });
    process.env.http_proxy = proxy.url;
    try {
      const file = await world.put('a.csv', rowsText(5));
      const end = await world.run(file, { endpoint: 'http://target.invalid', allowHttp: true });
      expect(codes(end)).toEqual([0, null]);
    } finally {
      delete process.env.http_proxy;
    }
    expect(byNumber(sent())).toEqual(ids(5));
    expect(new Set(proxied)).toEqual(new Set(['target.invalid:80']));
  });
});
