import { connect, type Socket } from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../../src/platform/ports.js';
import { classify } from '../../src/target-api/classify.js';
import { UsageError } from '../../src/terms/errors.js';
import { movedClock } from '../support/index.js';
import { httpServer, rawServer } from './support/loopback.js';
import { certificate } from './support/loopback-certificate.js';
import { no, openTransport, post, yes } from './support/transport.js';

const success = 'trueRequest successfully submitted';

beforeEach(() => {
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY']) {
    vi.stubEnv(name, undefined);
  }
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** As if the tests' certificate were among those that the machine trusts. */
function trustCertificate(): void {
  const real = tls.createSecureContext;
  vi.spyOn(tls, 'createSecureContext').mockImplementation((options) => real({ ...options, ca: certificate }));
}

/** A proxy that takes CONNECT, with what it was asked; `answer` instead of a tunnel. */
async function proxyServer(answer: string | null = null) {
  const asked: string[] = [];
  const server = await rawServer((socket: Socket) => {
    socket.once('data', (head) => {
      asked.push(head.toString());
      if (answer !== null) {
        socket.end(answer);
        return;
      }
      const port = Number(/^CONNECT [^ ]*:(\d+) /.exec(head.toString())?.[1]);
      const upstream = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'));
      upstream.on('error', () => socket.destroy());
      upstream.pipe(socket).pipe(upstream);
    });
  });
  return { ...server, asked };
}

function outcomeOf(reply: Reply) {
  if (reply.kind === 'not-started' || reply.kind === 'aborted') throw new Error(reply.kind);
  return classify(reply, 0);
}

describe('TLS', () => {
  it('with a certificate that is trusted carries attempts', async () => {
    trustCertificate();
    const server = await httpServer((response) => response.end(success), { tls: true });
    const transport = await openTransport(`https://127.0.0.1:${server.port}`);

    expect(await transport.send(post('mboxPC=1'), no)).toEqual({ kind: 'not-started' });
    expect(await transport.send(post('mboxPC=2'), yes)).toMatchObject({ kind: 'answered', body: success });
    expect(server.connectionCount()).toBe(1);
  });

  it('with a certificate of its own making stops the run, and nothing leaves', async () => {
    const server = await httpServer((response) => response.end(success), { tls: true });
    const transport = await openTransport(`https://127.0.0.1:${server.port}`, { connections: 2 });

    for (let n = 1; n <= 3; n++) {
      const reply = await transport.send(post(`mboxPC=${n}`), yes);
      expect(reply).toMatchObject({ kind: 'broken', errorCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      expect(outcomeOf(reply)).toMatchObject({ kind: 'stop', cause: 'certificate' });
    }
    expect(server.heard).toHaveLength(0);
  });

  it('with a certificate for another name stops the run, and nothing leaves', async () => {
    trustCertificate();
    const server = await httpServer((response) => response.end(success), { tls: true });
    const transport = await openTransport(`https://localhost:${server.port}`, { connections: 2 });

    for (let n = 1; n <= 3; n++) {
      const reply = await transport.send(post(`mboxPC=${n}`), yes);
      expect(reply).toMatchObject({ kind: 'broken', errorCode: 'ERR_TLS_CERT_ALTNAME_INVALID' });
      expect(outcomeOf(reply)).toMatchObject({ kind: 'stop', cause: 'certificate' });
    }
    expect(server.heard).toHaveLength(0);
  });
});

describe('a proxy in the environment', () => {
  it('is gone through, with its credentials', async () => {
    const server = await httpServer((response) => response.end(success));
    const proxy = await proxyServer();
    vi.stubEnv('HTTP_PROXY', `http://user:pass@127.0.0.1:${proxy.port}`);
    const transport = await openTransport(`http://127.0.0.1:${server.port}`, { isLoopback: false });

    expect(await transport.send(post('mboxPC=1'), no)).toEqual({ kind: 'not-started' });
    expect(await transport.send(post('mboxPC=2'), yes)).toMatchObject({ kind: 'answered', body: success });
    expect(await transport.send(post('mboxPC=3'), yes)).toMatchObject({ kind: 'answered', body: success });

    expect(proxy.asked).toHaveLength(1);
    expect(proxy.asked[0]).toMatch(`CONNECT 127.0.0.1:${server.port} HTTP/1.1\r\n`);
    expect(proxy.asked[0]).toMatch(`proxy-authorization: Basic ${btoa('user:pass')}\r\n`);
    expect(server.heard.map(({ body }) => body)).toEqual(['mboxPC=2', 'mboxPC=3']);
    expect(server.heard[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('is gone through to an endpoint that answers 100 Continue though nobody asked', async () => {
    const server = await httpServer((response) => {
      response.writeContinue();
      response.end(success);
    });
    const proxy = await proxyServer();
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${proxy.port}`);
    const transport = await openTransport(`http://127.0.0.1:${server.port}`, { isLoopback: false });

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'answered', body: success });
    expect(await transport.send(post('mboxPC=2'), yes)).toMatchObject({ kind: 'answered', body: success });
    expect(proxy.asked).toHaveLength(1);
  });

  it('is gone through to a TLS endpoint, whose certificate is checked', async () => {
    const server = await httpServer((response) => response.end(success), { tls: true });
    const proxy = await proxyServer();
    vi.stubEnv('https_proxy', `http://127.0.0.1:${proxy.port}`);
    const wary = await openTransport(`https://127.0.0.1:${server.port}`, { isLoopback: false });
    const reply = await wary.send(post('mboxPC=1'), yes);
    expect(outcomeOf(reply)).toMatchObject({ kind: 'stop', cause: 'certificate' });

    trustCertificate();
    const trusting = await openTransport(`https://127.0.0.1:${server.port}`, { isLoopback: false });
    expect(await trusting.send(post('mboxPC=2'), yes)).toMatchObject({ kind: 'answered', body: success });
    expect(proxy.asked).toHaveLength(2);
    expect(server.heard).toHaveLength(1);
  });

  it('is passed by for what NO_PROXY names, and where proxies are not to be used', async () => {
    const server = await httpServer((response) => response.end(success));
    const proxy = await proxyServer();
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${proxy.port}`);
    const unused = await openTransport(`http://127.0.0.1:${server.port}`);
    expect(await unused.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'answered' });

    vi.stubEnv('NO_PROXY', 'example.com,127.0.0.1');
    const passed = await openTransport(`http://127.0.0.1:${server.port}`, { isLoopback: false });
    expect(await passed.send(post('mboxPC=2'), yes)).toMatchObject({ kind: 'answered' });
    expect(proxy.connectionCount()).toBe(0);
  });

  it.each([
    [407, 'stop'],
    [403, 'stop'],
    [502, 'retry'],
  ])('that answers %d to CONNECT: %s, and its credentials are not in the message', async (httpStatus, kind) => {
    const proxy = await proxyServer(`HTTP/1.1 ${httpStatus} No\r\nContent-Length: 0\r\n\r\n`);
    vi.stubEnv('HTTP_PROXY', `http://user:hunter2@127.0.0.1:${proxy.port}`);
    const transport = await openTransport('http://127.0.0.1:1', { isLoopback: false });
    const mayStart = vi.fn(yes);

    const reply = await transport.send(post('mboxPC=1'), mayStart);

    expect(reply).toEqual({
      kind: 'broken',
      errorCode: `PROXY_ANSWERED_${httpStatus}`,
      message: `the proxy answered ${httpStatus} to CONNECT`,
      isProxy: true,
    });
    expect(outcomeOf(reply).kind).toBe(kind);
    expect(mayStart).not.toHaveBeenCalled();
  });

  it('that breaks makes the attempt broken, and is not called again by itself', async () => {
    const proxy = await rawServer((socket) => socket.once('data', () => socket.destroy()));
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${proxy.port}`);
    const transport = await openTransport('http://127.0.0.1:1', { isLoopback: false });

    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'broken', errorCode: 'PROXY_BROKE' });
    expect(await transport.send(post('mboxPC=2'), yes)).toMatchObject({ kind: 'broken', errorCode: 'PROXY_BROKE' });
    await proxy.allClosed();
    expect(proxy.connectionCount()).toBe(2);
  });

  it.each(['http', 'https'])(
    'by %s that does not answer lets the attempt time out, and close does not wait',
    async (scheme) => {
      const clock = movedClock();
      const proxy = await rawServer((socket) => socket.resume());
      vi.stubEnv('HTTP_PROXY', `${scheme}://localhost:${proxy.port}`);
      const transport = await openTransport('http://127.0.0.1:1', { isLoopback: false, clock });

      const sent = transport.send(post('mboxPC=1', { timeoutMs: 1_000 }), yes);
      await proxy.connected(1);
      await clock.advance(1_000);
      expect(await sent).toEqual({ kind: 'timed-out' });

      await transport.close();
      await proxy.allClosed();
    },
  );

  it('with a certificate for another name stops the run', async () => {
    trustCertificate();
    const proxy = await httpServer((response) => response.end(), { tls: true });
    vi.stubEnv('HTTP_PROXY', `https://localhost:${proxy.port}`);
    const transport = await openTransport('http://127.0.0.1:1', { isLoopback: false });

    const reply = await transport.send(post('mboxPC=1'), yes);

    expect(reply).toMatchObject({ kind: 'broken', errorCode: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(outcomeOf(reply)).toMatchObject({ kind: 'stop', cause: 'certificate' });
  });

  it.each(['proxy.example:3128', 'not a url', 'socks5://user:hunter2@127.0.0.1:1'])(
    'that is not the URL of a proxy is an error that does not show it: %s',
    async (value) => {
      vi.stubEnv('HTTPS_PROXY', value);
      const error: unknown = await openTransport('http://127.0.0.1:1', { isLoopback: false }).catch((reason) => reason);
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({ code: 'proxy-url', message: expect.stringContaining('HTTPS_PROXY') });
      expect(String(error)).not.toContain(value);
    },
  );
});

describe('a connection that hangs while it is made', () => {
  it('is given up, wherever it hangs: at the endpoint, at the proxy, behind the proxy', async () => {
    const silent = await rawServer((socket) => socket.resume());
    const tunnel = await proxyServer();
    const open = (origin: string, proxy: string | null) => {
      vi.stubEnv('HTTPS_PROXY', proxy ?? undefined);
      return openTransport(origin, { isLoopback: proxy === null, connectTimeoutMs: 1 });
    };
    const endpoint = `https://127.0.0.1:${silent.port}`;
    const transports = [
      await open(endpoint, null),
      await open('https://127.0.0.1:1', `https://localhost:${silent.port}`),
      await open('https://127.0.0.1:1', `http://127.0.0.1:${silent.port}`),
      await open(endpoint, `http://127.0.0.1:${tunnel.port}`),
    ];

    const replies = await Promise.all(transports.map((transport) => transport.send(post('mboxPC=1'), yes)));

    for (const reply of replies) {
      expect(outcomeOf(reply)).toMatchObject({ kind: 'retry', reason: { code: 'timeout' }, trouble: 'network' });
    }
  });
});

describe('a name whose addresses change', () => {
  it.each([
    ['loopback', true, '192.0.2.7'],
    ['not loopback', false, '127.0.0.1'],
  ])('is not connected to where the run decided on %s', async (_what, isLoopback, address) => {
    const server = await httpServer((response) => response.end(success));
    const lookUp = async () => [address];
    const transport = await openTransport(`http://shop.example:${server.port}`, { isLoopback, lookUp });

    const reply = await transport.send(post('mboxPC=1'), yes);

    expect(reply).toMatchObject({ kind: 'broken', errorCode: 'ADDRESS_CHANGED' });
    expect(outcomeOf(reply)).toMatchObject({ kind: 'retry', reason: { code: 'dns' } });
    expect(server.heard).toHaveLength(0);
  });

  it('is connected to at the addresses of the kind that the run decided on, others beside them or not', async () => {
    const server = await httpServer((response) => response.end(success));
    const lookUp = async () => ['192.0.2.7', '127.0.0.1'];
    const transport = await openTransport(`http://shop.example:${server.port}`, { isLoopback: true, lookUp });
    expect(await transport.send(post('mboxPC=1'), yes)).toMatchObject({ kind: 'answered', body: success });
  });
});

describe('what breaks on the way to the proxy', () => {
  it.each([
    ['a name that does not resolve', 'http://no..name:3128', 'ENOTFOUND'],
    ['a port where nobody listens', 'http://127.0.0.1:1', 'ECONNREFUSED'],
  ])('says that it is the proxy’s: %s', async (_what, url, errorCode) => {
    vi.stubEnv('HTTP_PROXY', url);
    const transport = await openTransport('http://192.0.2.7', { isLoopback: false });
    const reply = await transport.send(post('mboxPC=1'), yes);
    expect(reply).toMatchObject({ kind: 'broken', errorCode, isProxy: true });
    expect(outcomeOf(reply)).toMatchObject({ reason: { code: 'proxy', text: expect.stringMatching(/^the proxy: /) } });
  });

  it('says so of a certificate too', async () => {
    const proxy = await httpServer((response) => response.end(), { tls: true });
    vi.stubEnv('HTTP_PROXY', `https://127.0.0.1:${proxy.port}`);
    const transport = await openTransport('http://192.0.2.7', { isLoopback: false });
    const reply = await transport.send(post('mboxPC=1'), yes);
    expect(reply).toMatchObject({ kind: 'broken', errorCode: 'DEPTH_ZERO_SELF_SIGNED_CERT', isProxy: true });
  });

  it('and nothing of it where the endpoint behind the proxy is at fault', async () => {
    const server = await httpServer((response) => response.end(success), { tls: true });
    const proxy = await proxyServer();
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`);
    const transport = await openTransport(`https://127.0.0.1:${server.port}`, { isLoopback: false });
    const reply = await transport.send(post('mboxPC=1'), yes);
    expect(reply).toMatchObject({ kind: 'broken', errorCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(reply).not.toHaveProperty('isProxy');
  });
});
