import { createServer } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { movedClock } from '../support/index.js';
import { httpServer, rawServer } from './support/loopback.js';
import { openTransport, post, yes } from './support/transport.js';

const success = 'trueRequest successfully submitted';

/** An HTTP reply, letter by letter. */
function raw(body: string, ...headers: string[]): string {
  return ['HTTP/1.1 200 OK', ...headers, '', body].join('\r\n');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('a connection that cannot be made', () => {
  it('is broken, with the code of the system and nothing of the request', async () => {
    const transport = await openTransport(`http://127.0.0.1:${await freePort()}`);
    const mayStart = vi.fn(yes);

    const reply = await transport.send(post('mboxPC=secret', { authorization: 'Bearer secret' }), mayStart);

    expect(reply).toMatchObject({ kind: 'broken', errorCode: 'ECONNREFUSED' });
    expect(JSON.stringify(reply)).not.toContain('secret');
    expect(mayStart).not.toHaveBeenCalled();
  });

  it('does not keep a later one from being made', async () => {
    const port = await freePort();
    const transport = await openTransport(`http://127.0.0.1:${port}`, { connections: 4 });
    const refused = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => transport.send(post(`mboxPC=${n}`), yes)));
    expect(new Set(refused.map(({ kind }) => kind))).toEqual(new Set(['broken']));

    const server = createServer((socket) =>
      socket.once('data', () => socket.write(raw(success, 'Content-Length: 34'))),
    );
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect(await transport.send(post('mboxPC=7'), yes)).toMatchObject({ kind: 'answered' });
    await transport.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('times out while it hangs, and close does not wait for it', async () => {
    const clock = movedClock();
    // Accepts connections, and never answers the beginning of TLS.
    const server = await rawServer((socket) => socket.resume());
    const transport = await openTransport(`https://127.0.0.1:${server.port}`, { clock });
    const mayStart = vi.fn(yes);

    const sent = transport.send(post('mboxPC=1', { timeoutMs: 1_000 }), mayStart);
    await server.connected(1);
    await clock.advance(1_000);
    expect(await sent).toEqual({ kind: 'timed-out' });
    expect(mayStart).not.toHaveBeenCalled();

    await transport.close();
    await server.allClosed();
  });
});

describe('a connection that hangs while it is made', () => {
  it('holds up the attempt that waited for it, and none after that', async () => {
    const clock = movedClock();
    let isFirst = true;
    const server = await rawServer((socket) => {
      if (isFirst)
        socket.resume(); // never answers the beginning of TLS
      else socket.destroy();
      isFirst = false;
    });
    const transport = await openTransport(`https://127.0.0.1:${server.port}`, { clock });

    const first = transport.send(post('first', { timeoutMs: 1_000 }), yes);
    await server.connected(1);
    await clock.advance(1_000);
    expect(await first).toEqual({ kind: 'timed-out' });

    expect(await transport.send(post('second'), yes)).toMatchObject({ kind: 'broken' });
  });
});

describe('a connection that breaks', () => {
  it('before any answer makes the attempt broken, and it is not sent again by itself', async () => {
    const server = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'broken', errorCode: 'ECONNRESET' });
    expect(server.connectionCount()).toBe(1);
  });

  it('within the reply makes the attempt broken', async () => {
    const server = await rawServer((socket) =>
      socket.once('data', () => socket.end(raw('true', 'Content-Length: 34'))),
    );
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'broken' });
    expect(await transport.send(post('mboxPC=2'), yes)).toMatchObject({ kind: 'broken' });
  });

  it('within a chunked reply makes the attempt broken', async () => {
    const server = await rawServer((socket) =>
      socket.once('data', () => socket.end(raw('4\r\ntrue\r\n', 'Transfer-Encoding: chunked'))),
    );
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'broken' });
  });

  it('just as a request goes out on it makes that attempt broken, and the next one has a new connection', async () => {
    let requestCount = 0;
    const server = await rawServer((socket) => {
      let isFirst = true;
      socket.on('data', () => {
        requestCount += 1;
        if (isFirst) socket.write(raw(success, 'Content-Length: 34', 'Connection: keep-alive'));
        else socket.destroy();
        isFirst = false;
      });
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'answered' });
    expect(await transport.send(post('mboxPC=2'), yes)).toMatchObject({ kind: 'broken' });
    expect(await transport.send(post('mboxPC=3'), yes)).toMatchObject({ kind: 'answered' });
    expect(requestCount).toBe(3);
    expect(server.connectionCount()).toBe(2);
  });

  it('while it is idle is replaced without a failure', async () => {
    const server = await rawServer((socket) =>
      socket.on('data', () => socket.end(raw(success, 'Content-Length: 34', 'Connection: keep-alive'))),
    );
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    for (let n = 1; n <= 3; n++) {
      expect(await transport.send(post(`mboxPC=${n}`), yes)).toMatchObject({ kind: 'answered' });
      await server.allClosed();
    }
    expect(server.connectionCount()).toBe(3);
  });
});

describe('a reply', () => {
  it('without a length ends with its connection', async () => {
    const server = await rawServer((socket) =>
      socket.once('data', () => socket.end(raw(success, 'Connection: close'))),
    );
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'answered', body: success });
  });

  it('longer than it said is taken as it said, and spoils no other', async () => {
    const server = await rawServer((socket) =>
      socket.on('data', () => socket.write(raw(`${success}!!`, 'Content-Length: 34'))),
    );
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    for (let n = 1; n <= 3; n++) {
      expect(await transport.send(post(`mboxPC=${n}`), yes)).toMatchObject({ kind: 'answered', body: success });
    }
  });

  it('shorter than it said times out', async () => {
    const clock = movedClock();
    const server = await httpServer((response) => response.writeHead(200, { 'content-length': '40' }).write(success));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`, { clock });

    const sent = transport.send(post('mboxPC=1', { timeoutMs: 5_000 }), yes);
    await server.arrived(1);
    await clock.advance(5_000);

    expect(await sent).toEqual({ kind: 'timed-out' });
  });

  it('that never ends is read up to 64 KB, and its connection dropped', async () => {
    const server = await httpServer((response) => {
      const chunk = 'é'.repeat(5_000);
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    const reply = await transport.send(post('mboxPC=1'), yes);

    expect(reply).toEqual({
      date: expect.any(String),
      kind: 'answered',
      httpStatus: 200,
      retryAfter: null,
      body: 'é'.repeat(32_768),
    });
    await server.closed(1);
  });

  it('of just 64 KB is whole, and its connection kept', async () => {
    const server = await httpServer((response) => response.end('x'.repeat(65_536)));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    for (let n = 1; n <= 2; n++) {
      expect(await transport.send(post(`mboxPC=${n}`), yes)).toMatchObject({ body: 'x'.repeat(65_536) });
    }
    expect(server.connectionCount()).toBe(1);
  });

  it('that is not HTTP makes the attempt broken', async () => {
    const server = await rawServer((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'broken', errorCode: /^HPE_/ });
  });

  it('with headers without end makes the attempt broken', async () => {
    const server = await rawServer((socket) =>
      socket.once('data', () =>
        socket.write(raw('', ...Array.from({ length: 2_000 }, (_, n) => `x-${n}: ${'y'.repeat(20)}`))),
      ),
    );
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({
      kind: 'broken',
      errorCode: 'UND_ERR_HEADERS_OVERFLOW',
    });
  });

  it('before the request has arrived is a reply', async () => {
    const server = await rawServer((socket) =>
      socket.once('data', () => socket.end(raw(success, 'Content-Length: 34'))),
    );
    const transport = await openTransport(`http://127.0.0.1:${server.port}`);

    expect(await transport.send(post('x'.repeat(60_000)), yes)).toMatchObject({ kind: 'answered', body: success });
  });
});
