import { networkInterfaces } from 'node:os';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Reply } from '../../src/platform/ports.js';
import { movedClock, settle } from '../support/index.js';
import { httpServer, rawServer } from './support/loopback.js';
import { no, openTransport, post, yes } from './support/transport.js';

const success = 'trueRequest successfully submitted';
const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

describe('an attempt', () => {
  it('reaches the server as it was handed over, and brings back what it answered', async () => {
    const server = await httpServer((response) => response.setHeader('Retry-After', '7').end(success));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    const reply = await transport.send(post('mboxPC=1&profile.a=%20', { authorization: 'Bearer t' }), yes);

    expect(reply).toEqual({
      date: expect.any(String),
      kind: 'answered',
      httpStatus: 200,
      retryAfter: '7',
      body: success,
    });
    expect(server.heard).toMatchObject([
      {
        method: 'POST',
        path: '/m2/acme/profile/update',
        body: 'mboxPC=1&profile.a=%20',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': '22',
          authorization: 'Bearer t',
        },
      },
    ]);
  });

  it('by GET has no body, and without a token no authorization', async () => {
    const server = await httpServer((response) => response.end(success));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    await transport.send(post('', { method: 'GET', path: '/m2/acme/profile/update?mboxPC=1', body: null }), yes);

    expect(server.heard).toMatchObject([{ method: 'GET', path: '/m2/acme/profile/update?mboxPC=1', body: '' }]);
    expect(server.heard[0]?.headers).not.toHaveProperty('authorization');
    expect(server.heard[0]?.headers).not.toHaveProperty('content-type');
    expect(server.heard[0]?.headers).not.toHaveProperty('transfer-encoding');
  });

  it('carries 60,000 bytes', async () => {
    const server = await httpServer((response) => response.end(success));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);
    const body = 'x'.repeat(60_000);

    await transport.send(post(body), yes);

    expect(server.heard[0]?.body).toBe(body);
  });

  it.skipIf(!hasIpv6)('goes to an IPv6 address', async () => {
    const server = await httpServer((response) => response.end(success), { host: '::1' });
    const transport = await openTransport(`http://[::1]:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'answered', body: success });
  });

  it('does not follow a redirect', async () => {
    const server = await httpServer((response) => response.writeHead(302, { location: '/elsewhere' }).end('moved'));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    const reply = await transport.send(post('mboxPC=1'), yes);

    expect(reply).toEqual({
      date: expect.any(String),
      kind: 'answered',
      httpStatus: 302,
      retryAfter: null,
      body: 'moved',
    });
    expect(server.heard).toHaveLength(1);
  });

  it('waits for the answer behind an informational one', async () => {
    const server = await httpServer((response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.end(success);
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ httpStatus: 200, body: success });
  });

  it('waits for the answer behind a 100 Continue that nobody asked for, over one connection', async () => {
    const server = await httpServer((response) => {
      response.writeContinue();
      response.writeContinue();
      response.end(success);
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    for (const n of [1, 2, 3]) {
      expect(await transport.send(post(`mboxPC=${n}`), yes)).toMatchObject({ httpStatus: 200, body: success });
    }
    expect(server.connectionCount()).toBe(1);
  });

  it.each([
    ['byte by byte', 1],
    ['in pieces of 9 bytes', 9],
  ])('waits for the answer behind a 100 Continue that comes %s', async (_, size) => {
    const all = `HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: ${success.length}\r\n\r\n${success}`;
    const server = await rawServer((socket) => {
      socket.setNoDelay(true);
      socket.on('data', async () => {
        for (let at = 0; at < all.length; at += size) {
          await new Promise<void>((resolve) => socket.write(all.slice(at, at + size), () => setImmediate(resolve)));
        }
      });
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    for (const n of [1, 2]) {
      expect(await transport.send(post(`mboxPC=${n}`), yes)).toMatchObject({ httpStatus: 200, body: success });
    }
    expect(server.connectionCount()).toBe(1);
  });

  it('leaves a body alone that looks like a 100 Continue', async () => {
    const body = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100';
    const server = await httpServer((response) => {
      response.writeHead(200, { 'content-length': body.length }).flushHeaders();
      setTimeout(() => response.end(body), 30); // in a piece of its own
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ httpStatus: 200, body });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('reads a reply in %s that nobody asked for', async (encoding, compress) => {
    const server = await httpServer((response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(compress(success)),
    );
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ httpStatus: 200, body: success });
  });

  it.each([
    ['that is larger than 64 KB', 'gzip', gzipSync('x'.repeat(50_000_000))],
    ['that is broken', 'gzip', Buffer.from('no gzip')],
    ['of a kind that nobody knows', 'zstd', Buffer.from('?')],
  ])('shows nothing of a compressed reply %s', async (_, encoding, bytes) => {
    const server = await httpServer((response) => response.writeHead(200, { 'content-encoding': encoding }).end(bytes));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    const reply = await transport.send(post('mboxPC=1'), yes);
    expect(reply).toMatchObject({ httpStatus: 200, body: 'a compressed reply that cannot be decoded' });
  });

  it('takes the first of several Retry-After headers', async () => {
    const server = await httpServer((response) =>
      response.writeHead(503, ['retry-after', '5', 'retry-after', '9']).end(),
    );
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ httpStatus: 503, retryAfter: '5', body: '' });
  });
});

describe('connections', () => {
  it('are kept and shared, one attempt on each at a time, no more than attempts at once', async () => {
    let inFlight = 0;
    let inFlightMax = 0;
    const server = await httpServer((response) => {
      inFlight += 1;
      inFlightMax = Math.max(inFlightMax, inFlight);
      setImmediate(() => {
        inFlight -= 1;
        response.end(success);
      });
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);
    const replies: Reply[] = [];
    let next = 0;
    const sendOneByOne = async () => {
      while (next < 100) {
        next += 1;
        replies.push(await transport.send(post(`mboxPC=${next}`), yes));
      }
    };

    await Promise.all(Array.from({ length: 8 }, sendOneByOne));

    expect(replies.filter((reply) => reply.kind === 'answered' && reply.body === success)).toHaveLength(100);
    expect(new Set(server.heard.map(({ body }) => body)).size).toBe(100);
    expect(server.connectionCount()).toBe(8);
    expect(inFlightMax).toBeLessThanOrEqual(8);
  });
});

describe('mayStart', () => {
  it('says no: nothing leaves, and the connection is there for the next attempt', async () => {
    const server = await httpServer((response) => response.end(success));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'answered' });
    expect(await transport.send(post('mboxPC=2'), no)).toEqual({ kind: 'not-started' });
    expect(await transport.send(post('mboxPC=3'), no)).toEqual({ kind: 'not-started' });
    expect(await transport.send(post('mboxPC=4'), yes)).toMatchObject({ kind: 'answered' });

    expect(server.heard.map(({ body }) => body)).toEqual(['mboxPC=1', 'mboxPC=4']);
    expect(server.connectionCount()).toBe(1);
  });

  it('says no to the first attempt of a connection that was just made', async () => {
    const server = await httpServer((response) => response.end(success));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), no)).toEqual({ kind: 'not-started' });
    expect(await transport.send(post('mboxPC=2'), yes)).toMatchObject({ kind: 'answered' });

    expect(server.heard).toHaveLength(1);
    expect(server.connectionCount()).toBe(1);
  });

  it('is asked once, when the attempt has a connection and not while that is being made', async () => {
    const server = await httpServer((response) => response.end(success));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);
    const asked: string[] = [];
    const ask = (name: string) => () => asked.push(name) > 0;

    const first = transport.send(post('first'), ask('first'));
    expect(asked).toEqual([]);
    await first;
    await transport.send(post('second'), ask('second'));

    expect(asked).toEqual(['first', 'second']);
    expect(server.connectionCount()).toBe(1);
  });
});

describe('the time-out', () => {
  it('ends an attempt that has no answer, and its connection with it', async () => {
    const clock = movedClock();
    const server = await httpServer((response, { body }) => {
      if (body === 'second') response.end(success);
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`, { clock });

    const first = transport.send(post('first', { timeoutMs: 1_000 }), yes);
    await server.arrived(1);
    await clock.advance(999);
    expect(clock.timerCount()).toBe(1);
    await clock.advance(1);

    expect(await first).toEqual({ kind: 'timed-out' });
    await server.closed(1);
    expect(await transport.send(post('second'), yes)).toMatchObject({ kind: 'answered' });
    expect(clock.timerCount()).toBe(0);
  });

  it("is each attempt's own, whatever others have", async () => {
    const clock = movedClock();
    const server = await httpServer((response, { body }) => {
      if (body === 'answered') response.end(success);
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`, { clock, connections: 4 });
    const ended: string[] = [];
    const send = (name: string, timeoutMs: number) =>
      transport.send(post(name, { timeoutMs }), yes).then(({ kind }) => ended.push(`${name} ${kind}`));

    const sent = [send('answered', 500), send('slow', 3_000), send('quick', 1_000)];
    await sent[0];
    await server.arrived(3);
    await clock.advance(999);
    expect(ended).toEqual(['answered answered']);
    await clock.advance(1);
    expect(ended.slice(1)).toEqual(['quick timed-out']);
    sent.push(send('late', 2_500));
    await server.arrived(4);
    await clock.advance(1_999);
    expect(ended.slice(2)).toEqual([]);
    await clock.advance(1);
    expect(ended.slice(2)).toEqual(['slow timed-out']);
    await clock.advance(499);
    expect(ended.slice(3)).toEqual([]);
    await clock.advance(1);
    expect(ended.slice(3)).toEqual(['late timed-out']);

    await Promise.all(sent);
    expect(clock.timerCount()).toBe(0);
  });

  it('runs to the end of the reply, not to its beginning', async () => {
    const clock = movedClock();
    const server = await httpServer((response) => response.writeHead(200).write('true'));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`, { clock });

    const sent = transport.send(post('mboxPC=1', { timeoutMs: 1_000 }), yes);
    await server.arrived(1);
    await clock.advance(1_000);

    expect(await sent).toEqual({ kind: 'timed-out' });
    await server.closed(1);
  });
});

describe('abortAll', () => {
  it('ends what is in flight and what waits, and tells them apart', async () => {
    const server = await httpServer((response, { body }) => {
      if (body === 'third') response.end(success);
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);
    const started = transport.send(post('first'), yes);
    await server.arrived(1);
    const waiting = transport.send(post('second'), yes);

    transport.abortAll();

    expect(await started).toEqual({ kind: 'aborted' });
    expect(await waiting).toEqual({ kind: 'not-started' });
    await server.closed(1);
    expect(await transport.send(post('third'), yes)).toMatchObject({ kind: 'answered' });
    expect(server.heard.map(({ body }) => body)).toEqual(['first', 'third']);
  });
});

describe('close', () => {
  it('leaves no connection and no timer, and lets nothing more out', async () => {
    const clock = movedClock();
    const server = await httpServer((response, { body }) => {
      if (body === 'first') response.end(success);
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`, { clock, connections: 2 });
    await transport.send(post('first'), yes);
    const inFlight = transport.send(post('second'), yes);
    await server.arrived(2);

    await transport.close();

    expect(await inFlight).toEqual({ kind: 'aborted' });
    expect(await transport.send(post('third'), yes)).toEqual({ kind: 'not-started' });
    await server.allClosed();
    await settle();
    expect(clock.timerCount()).toBe(0);
    await transport.close();
  });
});
