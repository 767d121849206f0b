import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { certificate, privateKey } from './loopback-certificate.js';

export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export interface LoopbackServer {
  readonly port: number;
  /** What has arrived whole, in order. */
  readonly heard: readonly Heard[];
  /** Connections since the start. */
  readonly connectionCount: () => number;
  /** Resolves when this many requests have arrived whole. */
  readonly arrived: (count: number) => Promise<void>;
  /** Resolves when this many connections have been closed. */
  readonly closed: (count: number) => Promise<void>;
  /** Resolves when no connection is open. */
  readonly allClosed: () => Promise<void>;
}

/** What a test wants to wait for, asked again at each event. */
class Watch {
  #waiting: { readonly isDone: () => boolean; readonly resolve: () => void }[] = [];

  until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isDone, resolve });
      this.look();
    });
  }

  look(): void {
    for (const { resolve } of this.#waiting.filter(({ isDone }) => isDone())) resolve();
    this.#waiting = this.#waiting.filter(({ isDone }) => !isDone());
  }
}

interface Listening {
  readonly port: number;
  readonly watch: Watch;
  readonly sockets: ReadonlySet<Socket>;
  readonly count: () => number;
}

/** Closed, with every connection, when the test is finished. */
async function listening(server: Server, host: string): Promise<Listening> {
  const sockets = new Set<Socket>();
  const watch = new Watch();
  let count = 0;
  server.on('connection', (socket: Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      watch.look();
    });
    watch.look();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port to listen on');
  return { port: address.port, watch, sockets, count: () => count };
}

export type Handler = (response: ServerResponse, heard: Heard, request: IncomingMessage) => void;

/** An HTTP server for one test. `host`: where it listens; `tls`: with the certificate for 127.0.0.1. */
export async function httpServer(
  handler: Handler,
  options: { host?: string; tls?: boolean } = {},
): Promise<LoopbackServer> {
  const heard: Heard[] = [];
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const whole = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      heard.push(whole);
      watch.look();
      handler(response, whole, request);
    });
  };
  const tls = { cert: certificate, key: privateKey };
  const server = options.tls ? createHttpsServer(tls, onRequest) : createHttpServer(onRequest);
  const { port, watch, sockets, count } = await listening(server, options.host ?? '127.0.0.1');
  return {
    port,
    heard,
    connectionCount: count,
    arrived: (wanted) => watch.until(() => heard.length >= wanted),
    closed: (wanted) => watch.until(() => count() - sockets.size >= wanted),
    allClosed: () => watch.until(() => sockets.size === 0),
  };
}

export interface RawServer {
  readonly port: number;
  readonly connectionCount: () => number;
  readonly connected: (count: number) => Promise<void>;
  readonly allClosed: () => Promise<void>;
}

/** A server that does to a connection what no HTTP server would. */
export async function rawServer(onConnection: (socket: Socket) => void): Promise<RawServer> {
  const server = createServer(onConnection);
  const { port, watch, sockets, count } = await listening(server, '127.0.0.1');
  return {
    port,
    connectionCount: count,
    connected: (wanted) => watch.until(() => count() >= wanted),
    allClosed: () => watch.until(() => sockets.size === 0),
  };
}
