import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock } from '../../src/job/lock/lock.js';
import { realDisk } from '../../src/platform/disk.js';
import { realMachine } from '../../src/wiring/machine.js';
import { systemError, watchedDisk } from '../job/support/watched-disk.js';
import { movedClock } from '../support/index.js';
import { between, call, type GatewayWorld, send, startedGateway, statusOf, stored, until } from './gateway-world.js';

const header = 'batch=thirdPartyId,city\n';
const rows = (...ids: string[]) => header + ids.map((id) => `${id},x\n`).join('');
const idOf = ({ body }: { body: string }) => between(body, 'batchStatus').split('batchId=')[1] ?? '';

const isEnded = (world: GatewayWorld, id: string) =>
  !readFileSync(join(world.dir, 'acme', '.batches', `${id}.json`), 'utf8').includes('"ended_at":null');

/** Nothing is sent, and the queue rests: the file with the client code's token is not there. */
const away = { tokenFiles: new Map([['acme', '/nowhere/token']]) };

describe('a batch', () => {
  it('is kept as it came, sent, and put into the archive under its name', async () => {
    const world = await startedGateway();
    const reply = await send(world.url, rows('1', '2'));
    const id = idOf(reply);
    expect(id).toMatch(/^acme-\d{13}-\d{20}$/);
    expect(between((await until(reply, 'complete')).body, 'successfulUpdates')).toBe('2');
    expect(stored(world, `${id}.csv`)).toBe(rows('1', '2'));
    expect(stored(world, `${id}.csv.results.csv`).match(/,submitted,/g)).toHaveLength(2);
    expect(world.sandbox.profile('thirdPartyId', '2', 'acme')).toEqual({ city: 'x' });
    expect(world.files().filter((path) => path.includes('.incoming'))).toEqual([]);
  });

  it('is on disk, with its folder, before the reply says that it was accepted', async () => {
    const disk = watchedDisk();
    const world = await startedGateway({ machine: { disk }, ...away });
    const before = disk.operations.length;
    const reply = await send(world.url, rows('1'));
    const done = disk.operations.slice(before);
    const spool = done.findIndex((operation) => /^sync \.incoming-/.test(operation));
    const renamed = done.findIndex((operation) => operation.endsWith(` ${idOf(reply)}.csv`));
    expect(spool).toBeGreaterThanOrEqual(0);
    expect(renamed).toBeGreaterThan(spool);
    expect(done.slice(renamed + 1)).toContain('syncFolder');
  });

  it('that cannot be put on disk is refused with 503, and sent again becomes one batch', async () => {
    const disk = watchedDisk();
    const world = await startedGateway({ machine: { disk }, ...away });
    await send(world.url, rows('0')); // the folders are there
    for (const what of [/^append \.incoming/, /^sync \.incoming/, /^rename \.incoming/]) {
      disk.before = (operation) => {
        if (what.test(operation)) throw systemError('ENOSPC');
      };
      expect((await send(world.url, rows('1'))).httpStatus).toBe(503);
    }
    let isRenamed = false;
    disk.before = (operation) => {
      if (isRenamed && operation === 'syncFolder') {
        isRenamed = false;
        throw systemError('EIO');
      }
      if (operation.startsWith('rename .incoming')) isRenamed = true;
    };
    expect((await send(world.url, rows('1'))).httpStatus).toBe(503);
    disk.before = () => {};
    const reply = await send(world.url, rows('1'));
    expect(reply.httpStatus).toBe(200);
    const batches = readdirSync(join(world.dir, 'acme')).filter((name) => name.endsWith('.csv'));
    expect(batches).toHaveLength(2);
    expect(batches).toContain(`${idOf(reply)}.csv`);
    expect(world.files().filter((path) => path.includes('.incoming'))).toEqual([]);
  });

  it('identical to the newest that has not ended is that one; any other is a new one', async () => {
    const world = await startedGateway(away);
    const first = idOf(await send(world.url, rows('1')));
    expect(idOf(await send(world.url, rows('1')))).toBe(first);
    const second = idOf(await send(world.url, rows('2')));
    expect(second > first).toBe(true);
    expect(idOf(await send(world.url, rows('1')))).not.toBe(first);
    expect(idOf(await send(world.url, rows('2')))).not.toBe(second);
    expect(idOf(await send(world.url, rows('1'), {}, 'other'))).toMatch(/^other-/);
    expect(readdirSync(join(world.dir, 'acme')).filter((name) => name.endsWith('.csv'))).toHaveLength(4);
  });

  it('of one client code waits for no other’s: each has its queue, its order and its ledger', async () => {
    const world = await startedGateway({ tokenFiles: new Map([['acme', '/nowhere/token']]) });
    const stuck = await send(world.url, rows('1'));
    const done = await send(world.url, rows('1'), {}, 'other');
    await until(done, 'complete');
    expect(between((await statusOf(stuck)).body, 'status')).not.toBe('complete');
    expect(world.sandbox.profile('thirdPartyId', '1', 'acme')).toBeNull();
    expect(world.sandbox.profile('thirdPartyId', '1', 'other')).toEqual({ city: 'x' });
    await send(world.url, rows('2'), {}, 'OTHER');
    expect(readdirSync(world.dir).filter((name) => !name.startsWith('.'))).toEqual(['acme', 'other']);
  });

  it('in which rows are rejected is complete, and counted', async () => {
    const world = await startedGateway();
    const reply = await send(world.url, `${header}1,x\n,y\n3,\n4,%zz\n`);
    const { body } = await until(reply, 'complete');
    const counts = ['batchSize', 'consumedCount', 'successfulUpdates', 'profilesNotFound', 'failedUpdates'];
    expect(counts.map((tag) => between(body, tag))).toEqual(['4', '4', '1', '0', '2']);
  });

  it('that cannot be read to its end is stuck, lies in failed/, and holds up no other', async () => {
    const world = await startedGateway();
    const bad = await send(world.url, `${header}1,x\n2,"x\n`);
    const good = await send(world.url, rows('3'));
    await until(good, 'complete');
    expect(between((await until(bad, 'stuck')).body, 'consumedCount')).toBe('1');
    expect(world.files()).toContain(`acme/failed/${idOf(bad)}.csv.error.txt`);
  });

  // A later Node.js collects what is no longer held later, so that its resident memory says less.
  it.runIf(process.version.startsWith('v20.'))('is streamed to disk: 40 MB are never held', async () => {
    const world = await startedGateway(away);
    const body = Buffer.from(header + `1234567890,${'a'.repeat(84)}\n`.repeat(425_000));
    const { rss: before } = process.memoryUsage();
    let most = before;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 5);
    const { port } = new URL(world.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`POST /m2/acme/profile/batchUpdate HTTP/1.0\r\nContent-Length: ${body.length}\r\n\r\n`);
    for (let at = 0; at < body.length; at += 65_536) {
      if (!socket.write(body.subarray(at, at + 65_536))) await new Promise((resolve) => socket.once('drain', resolve));
    }
    let seen = '';
    for await (const chunk of socket.setEncoding('utf8')) seen += chunk;
    clearInterval(timer);
    expect(seen).toContain('<success>true</success>');
    expect(most - before).toBeLessThan(body.length);
  });
});

describe('a gateway that starts again', () => {
  const ended = async (world: GatewayWorld) => {
    await world.end();
    return { dir: world.dir, send: { stateDir: join(world.dir, '..', 'state') } };
  };

  it('sends what it accepted, in its order, and answers for what ended', async () => {
    const first = await startedGateway(away);
    const replies = [];
    for (const id of ['1', '2', '3']) replies.push(await send(first.url, rows(id)));
    const sent: string[] = [];
    const second = await startedGateway({
      ...(await ended(first)),
      sandbox: { onUpdate: ({ id }) => sent.push(id) },
    });
    const path = (reply: { body: string }) => new URL(between(reply.body, 'batchStatus'));
    for (const reply of replies) {
      const there = { ...reply, body: reply.body.replace(path(reply).origin, second.url) };
      await until(there, 'complete');
    }
    expect(sent).toEqual(['1', '2', '3']);
  });

  it('creates a record again that a crash kept from being written, and removes half a body', async () => {
    const first = await startedGateway(away);
    const id = idOf(await send(first.url, rows('1', '2')));
    const rest = await ended(first);
    rmSync(join(first.dir, 'acme', '.batches', `${id}.json`));
    writeFileSync(join(first.dir, 'acme', '.incoming-x.tmp'), 'batch=');
    const second = await startedGateway({ ...rest, ...away });
    expect(idOf(await send(second.url, rows('1', '2')))).toBe(id);
    expect(second.files().filter((path) => path.includes('.incoming'))).toEqual([]);
  });

  it('learns from the archive what ended without having been noted', async () => {
    const first = await startedGateway();
    const reply = await send(first.url, rows('1', '2'));
    await until(reply, 'complete');
    const id = idOf(reply);
    const rest = await ended(first);
    const path = join(first.dir, 'acme', '.batches', `${id}.json`);
    const record = JSON.parse(readFileSync(path, 'utf8'));
    const unfinished = { ...record, state: 'incomplete', ended_at: null, consumed: 0, successful: 0 };
    writeFileSync(path, JSON.stringify(unfinished));
    const second = await startedGateway(rest);
    const there = { ...reply, body: reply.body.replace(first.url, second.url) };
    expect(between((await until(there, 'complete')).body, 'successfulUpdates')).toBe('2');
  });

  it('knows what became of a batch, wherever the one before died while it put it away', async () => {
    const reply = await send((await startedGateway()).url, rows('1'));
    expect(reply.httpStatus).toBe(200);
    for (let number = 0; ; number += 2) {
      const disk = watchedDisk();
      let seen = -1;
      disk.before = (operation) => {
        if (seen >= 0 || /^rename acme-.*\.csv\.lock /.test(operation)) seen += 1;
        if (seen >= number) throw systemError('EIO');
      };
      const first = await startedGateway({ machine: { disk } });
      const id = idOf(await send(first.url, rows('1')));
      while (seen < number && !first.files().some((path) => path === `acme/.batches/${id}.json` && isEnded(first, id)))
        await new Promise((resolve) => setTimeout(resolve, 5));
      const hasDied = seen >= number;
      const rest = await ended(first);
      for (const path of first.files()) if (/\.lock(\.|$)/.test(path)) rmSync(join(first.dir, path));
      const second = await startedGateway({ ...rest, send: { ...rest.send, endpoint: first.sandbox.url } });
      const address = `/m2/acme/profile/batchStatus?batchId=${id}&showDetails=true`;
      for (;;) {
        const { body } = await call(second.url, address);
        expect(between(body, 'status'), `operation ${number}`).not.toBe('stuck');
        if (between(body, 'status') === 'complete') {
          expect(between(body, 'successfulUpdates'), `operation ${number}`).toBe('1');
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await second.end();
      if (!hasDied) break;
    }
  });

  it('never names a batch before the last one, though the clock was set back', async () => {
    const first = await startedGateway(away);
    const id = idOf(await send(first.url, rows('1')));
    const rest = await ended(first);
    const back = { ...realMachine.clock, wallMs: () => realMachine.clock.wallMs() - 86_400_000 };
    const second = await startedGateway({ ...rest, ...away, machine: { clock: back } });
    expect(idOf(await send(second.url, rows('2'))) > id).toBe(true);
  });

  it('leaves the folder to another that has it', async () => {
    const world = await startedGateway();
    await expect(startedGateway({ dir: world.dir })).rejects.toMatchObject({ code: 'serve-busy', exitStatus: 75 });
  });

  it('names the client code of batches that it does not serve', async () => {
    const first = await startedGateway(away);
    await send(first.url, rows('1'));
    const second = await startedGateway({ ...(await ended(first)), clientCodes: ['other'] });
    expect(second.notices()).toContain('serve-not-served');
  });
});

describe('a stop', () => {
  it('does not end the gateway: the queue rests and tries again, and batches are accepted meanwhile', async () => {
    const clock = movedClock({ wallMs: Date.now() });
    const world = await startedGateway({ sandbox: { token: 'asked-for-by-target' }, machine: { clock } });
    const reply = await send(world.url, rows('1'));
    while (!world.notices().includes('queue-rests')) await clock.advance(1000);
    const rests = () => world.notices().filter((code) => code === 'queue-rests').length;
    expect((await send(world.url, rows('2'))).httpStatus).toBe(200);
    expect(between((await statusOf(reply)).body, 'status')).toBe('incomplete');
    while (rests() < 4) await clock.advance(1000);
    // That it is stopped again is not news to whoever was told.
    const told = world.ends.map(({ error }) => error?.code);
    expect(told.filter((code, at) => code === told[at - 1])).toEqual([]);
    await world.end();
  });

  it('that a person has to see to makes the batch stuck; taken away, it lets the others have their turn', async () => {
    const clock = movedClock({ wallMs: Date.now() });
    const maxFailures = { kind: 'rows', rows: 0 } as const;
    const world = await startedGateway({ send: { maxFailures, concurrency: 1 }, machine: { clock } });
    const reply = await send(world.url, `${header},x\n1,x\n2,x\n`);
    while (!world.notices().includes('queue-stuck')) await clock.advance(1000);
    expect(between((await statusOf(reply)).body, 'status')).toBe('stuck');
    const next = await send(world.url, rows('7'));
    const name = `${idOf(reply)}.csv`;
    renameSync(join(world.dir, 'acme', name), join(world.dir, name));
    const done = async () => between((await statusOf(next)).body, 'status') === 'complete';
    while (!(await done())) await clock.advance(1000);
    await world.end();
  });
});

describe('a request', () => {
  it('of a browser, or to another host, is refused with 403 and changes nothing', async () => {
    const world = await startedGateway();
    const origin = await send(world.url, rows('1'), { origin: 'https://evil.example' });
    expect(origin.httpStatus).toBe(403);
    const { port } = new URL(world.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    let seen = '';
    for await (const chunk of socket.setEncoding('utf8')) seen += chunk;
    expect(seen).toMatch(/^HTTP\/1\.1 403/);
    expect(world.files()).toEqual(['.serve.lock']);
  });

  it('needs a token of its client code where there is a file of them; status and health need none', async () => {
    const [own, all] = ['a'.repeat(20), 'b'.repeat(20)];
    const world = await startedGateway({
      credentials: [
        { clientCode: 'acme', token: own },
        { clientCode: null, token: all },
      ],
      clientCodes: ['acme', 'other'],
    });
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    expect((await send(world.url, rows('1'))).httpStatus).toBe(401);
    expect((await send(world.url, rows('1'), bearer(own), 'other')).httpStatus).toBe(401);
    expect((await send(world.url, rows('1'), bearer(own), 'third')).httpStatus).toBe(404);
    expect((await send(world.url, rows('1'), bearer(all), 'other')).httpStatus).toBe(200);
    const reply = await send(world.url, rows('1'), bearer(own));
    await until(reply, 'complete');
    expect((await call(world.url, '/healthz')).httpStatus).toBe(200);
    expect((await call(world.url, '/metrics')).httpStatus).toBe(401);
    const page = (await call(world.url, '/metrics', { headers: bearer(own) })).body;
    expect(page).toContain('profile_drip_batches_accepted_total{client_code="acme"} 1');
    expect(page).not.toContain('other');
    // Target is asked with Target's own token or none.
    expect(world.sandbox.counts.unauthorized).toBe(0);
  });

  it.each([
    ['announced', (body: Buffer) => ({ body, head: `Content-Length: ${body.length}` })],
    [
      'in chunks',
      (body: Buffer) => ({
        body: Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]),
        head: 'Transfer-Encoding: chunked',
      }),
    ],
  ])('with too large a body (%s) is answered 413 though it is sent to its end', async (_what, made) => {
    const world = await startedGateway({ maxBodyBytes: 100_000 });
    const { body, head } = made(Buffer.from(header + '1,x\n'.repeat(500_000)));
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
    socket.write(
      `POST /m2/acme/profile/batchUpdate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${head}\r\n\r\n`,
    );
    socket.write(body);
    let seen = '';
    for await (const chunk of socket.setEncoding('utf8')) seen += chunk;
    expect(seen).toMatch(/^HTTP\/1\.1 413[\s\S]*<success>false<\/success>/);
    expect(world.files().filter((path) => path.includes('.incoming'))).toEqual([]);
  });

  it('with more than 500,000 rows is answered 413', async () => {
    const world = await startedGateway();
    expect((await send(world.url, header + '1,x\n'.repeat(500_001))).httpStatus).toBe(413);
  });

  it('that is cut in its middle leaves nothing behind', async () => {
    const world = await startedGateway();
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
    socket.write(
      `POST /m2/acme/profile/batchUpdate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n${rows('1')}`,
    );
    const isSpooled = () => world.files().some((path) => path.includes('.incoming'));
    while (!isSpooled()) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    while (isSpooled()) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(world.files().filter((path) => path.endsWith('.csv'))).toEqual([]);
  });

  it('says in no log line what a body holds', async () => {
    const world = await startedGateway();
    await send(world.url, 'batch=thirdPartyId,city\nsecret-id,secret-value\n,secret-value\n');
    await send(world.url, 'batch=secret-column,city\n1,2\n');
    await send(world.url, 'secret-body');
    while (world.ends.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(JSON.stringify(world.events)).not.toContain('secret');
  });

  it('while the gateway ends is refused with 503, and so is the question for its health', async () => {
    const world = await startedGateway();
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
    const body = rows('1');
    socket.write(
      `POST /m2/acme/profile/batchUpdate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${header}`,
    );
    while (!existsSync(join(world.dir, 'acme'))) await new Promise((resolve) => setTimeout(resolve, 5));
    const ended = world.end();
    socket.write(body.slice(header.length));
    let seen = '';
    for await (const chunk of socket.setEncoding('utf8')) seen += chunk;
    expect(seen).toMatch(/^HTTP\/1\.1 503[\s\S]*Retry-After: \d+/);
    await ended;
    expect(world.files().filter((path) => path.endsWith('.csv'))).toEqual([]);
  });
});

describe('/healthz', () => {
  it('is 200 as long as a batch can be put on disk, whatever the queues do; asked often, it costs one write', async () => {
    const disk = watchedDisk();
    const clock = movedClock({ wallMs: Date.now() });
    const world = await startedGateway({ machine: { disk, clock }, ...away });
    const health = async () => (await call(world.url, '/healthz')).httpStatus;
    expect([await health(), await health()]).toEqual([200, 200]);
    expect(disk.operations.filter((operation) => /^append \.probe/.test(operation))).toHaveLength(1);
    disk.before = (operation) => {
      if (/^append \.probe/.test(operation)) throw systemError('ENOSPC');
    };
    await clock.advance(2000);
    expect(await health()).toBe(503);
    disk.before = () => {};
    await clock.advance(2000);
    expect(await health()).toBe(200);
    expect(world.files().filter((path) => path.includes('.probe'))).toEqual([]);
    await world.end();
  });
});

describe('the folder', () => {
  it('has to be there', async () => {
    await expect(startedGateway({ dir: '/dev/null/x' })).rejects.toThrow();
  });

  it('may hold a client code’s folder that a pass of drop works on: its batches rest until that is done', async () => {
    const parent = await startedGateway();
    await parent.end();
    const jobs = join(parent.dir, 'acme', '.profile-drip');
    mkdirSync(jobs, { recursive: true });
    const lock = await acquireLock({
      ...realMachine,
      disk: realDisk,
      path: join(jobs, '.drop.lock'),
      runId: 'another',
    });
    const clock = movedClock({ wallMs: Date.now() });
    const world = await startedGateway({ dir: parent.dir, machine: { clock } });
    const reply = await send(world.url, rows('1'));
    while (!world.notices().includes('queue-rests')) await clock.advance(1000);
    await lock.release();
    const done = async () => between((await statusOf(reply)).body, 'status') === 'complete';
    while (!(await done())) await clock.advance(1000);
    await world.end();
  });
});
