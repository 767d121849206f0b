import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';
import { runProgram } from './support/run-program.js';

const plain = { port: 0, knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 1 };
/** An address of no machine (RFC 5737): only a proxy leads there. */
const far = 'http://192.0.2.7';

/** A proxy that answers CONNECT as it is told, or leads to a port of this machine, whatever is asked for. */
async function proxy(answer: string | number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server: Server = createServer((socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (head) => {
      asked.push(String(head).split('\r\n')[0] ?? '');
      if (typeof answer === 'string') {
        socket.end(answer);
        return;
      }
      const upstream = connect(answer, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      upstream.on('error', () => socket.destroy());
      upstream.pipe(socket).pipe(upstream);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEndOfFile(async () => {
    server.close();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`, asked };
}

async function send(environment: Record<string, string>, ...options: string[]) {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a.csv'), 'batch=thirdPartyId,tier\nanna,gold\nbert,silver\n');
  const args = ['send', 'a.csv', '--client-code', 'acme', '--state-dir', 'state', '--retries', '0', ...options];
  return { ...(await runProgram(args, { folder, environment })), folder };
}

describe('a proxy', () => {
  it('leads to what is not loopback, and is never asked for what is', async () => {
    const sandbox = await startSandbox({ ...plain, clock: systemClock });
    atEndOfFile(() => sandbox.close());
    const { url, asked } = await proxy(sandbox.port);
    const environment = { HTTP_PROXY: url, HTTPS_PROXY: url };

    const near = await send(environment, '--endpoint', sandbox.url);
    expect(near.status).toBe(0);
    expect(asked).toEqual([]);

    const away = await send(environment, '--endpoint', far, '--allow-http', '--max-failures', '0');
    expect(asked.length).toBeGreaterThan(0);
    expect(new Set(asked)).toEqual(new Set(['CONNECT 192.0.2.7:80 HTTP/1.1']));
    // The sandbox answers loopback hosts alone: so it can tell where the request was meant for.
    expect(away.status).not.toBe(0);
  });

  it.each([407, 403])('that answers %d to CONNECT stops the run, named as the proxy’s', async (httpStatus) => {
    const { url } = await proxy(`HTTP/1.1 ${httpStatus} No\r\nContent-Length: 0\r\n\r\n`);
    const { status, stderr } = await send({ HTTP_PROXY: url }, '--endpoint', far, '--allow-http');
    expect(status).toBe(3);
    expect(stderr).toMatch(/the proxy refuses the connection \(\d{3}\).*HTTPS_PROXY/);
  });

  it('whose name does not resolve is told as the proxy’s', async () => {
    // No name of a host: so no name server is asked.
    const { status, stderr } = await send({ HTTP_PROXY: 'http://no..name:3128' }, '--endpoint', far, '--allow-http');
    expect(status).toBe(3);
    expect(stderr).toMatch(/the name of the proxy does not resolve/);
    expect(stderr).toMatch(/HTTPS_PROXY/);
  });
});
