import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { listenOn } from '../platform/listen.js';
import type { Cancel, Clock } from '../platform/ports.js';
import type { Incoming } from './incoming.js';
import type { Reply } from './replies.js';
import { bodyBytesMaxOf } from './service.js';

/** The socket's side of the sandbox: reads requests whole, writes what it is told to, late or not at all if so told. */

/** Room for a GET over the limit of 8 KB to be answered as Target would, not by the HTTP parser. */
const headerBytesMax = 65_536;
/** A client that dribbles is cut off; one that keeps its connection finds it open. */
const requestTimeoutMs = 60_000;
const keepAliveMs = 60_000;

export interface ServerOptions {
  readonly port: number;
  readonly host: string;
  readonly clock: Clock;
  readonly latencyMs: number;
}

export interface StartedServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws UsageError `sandbox-port` for a port that cannot be had. */
export async function startServer(
  options: ServerOptions,
  answer: (incoming: Incoming) => Reply,
): Promise<StartedServer> {
  const held = new HeldReplies(options.clock, options.latencyMs);
  const server = createServer(
    { maxHeaderSize: headerBytesMax, requestTimeout: requestTimeoutMs, keepAliveTimeout: keepAliveMs },
    listener(answer, held),
  );
  const port = await listenOn(server, options.port, options.host, 'sandbox-port');
  let closing: Promise<void> | null = null;
  return {
    port,
    close() {
      closing ??= end(server, held);
      return closing;
    },
  };
}

function listener(answer: (incoming: Incoming) => Reply, held: HeldReplies): RequestListener {
  return (request, response) => {
    request.on('error', () => {}); // the client went away in the middle: nobody waits for the answer
    readBody(request, (body, bodyBytes) => {
      const reply = answer({
        method: request.method ?? '',
        url: request.url ?? '',
        host: request.headers.host,
        origin: originOf(request),
        authorization: request.headers.authorization,
        contentType: request.headers['content-type'],
        userAgent: request.headers['user-agent'],
        body,
        bodyBytes,
      });
      held.after(reply.delayMs, () => write(response, reply));
    });
  };
}

function originOf({ headers, socket }: IncomingMessage): string {
  return `http://${headers.host ?? `127.0.0.1:${socket.localPort}`}`;
}

/** Reads to the end whatever the size, so that an answer reaches a client that sends too much, and keeps what is within the limit. */
function readBody(request: IncomingMessage, done: (body: string, bodyBytes: number) => void): void {
  const chunks: Buffer[] = [];
  const bodyBytesMax = bodyBytesMaxOf(request.url ?? '');
  let bodyBytes = 0;
  request.on('data', (chunk: Buffer) => {
    bodyBytes += chunk.length;
    if (bodyBytes <= bodyBytesMax) chunks.push(chunk);
    else chunks.length = 0;
  });
  // latin1: byte for byte, so that a byte over 127 is seen for what it is
  request.on('end', () => done(Buffer.concat(chunks).toString('latin1'), bodyBytes));
}

function write(response: ServerResponse, reply: Reply): void {
  if (reply.kind === 'cut') {
    response.socket?.resetAndDestroy();
    return;
  }
  const headers: Record<string, string | number> = {
    'Content-Type': reply.contentType,
    'Content-Length': Buffer.byteLength(reply.body),
  };
  if (reply.retryAfterSeconds !== null) headers['Retry-After'] = reply.retryAfterSeconds;
  response.writeHead(reply.httpStatus, headers);
  response.end(reply.body);
}

/** Replies that wait for the latency that was asked for. */
class HeldReplies {
  readonly #clock: Clock;
  readonly #latencyMs: number;
  readonly #waiting = new Map<() => void, Cancel>();

  constructor(clock: Clock, latencyMs: number) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
  }

  after(delayMs: number, send: () => void): void {
    const waitMs = delayMs + this.#latencyMs;
    if (waitMs === 0) {
      send();
      return;
    }
    const cancel = this.#clock.schedule(waitMs, () => {
      this.#waiting.delete(send);
      send();
    });
    this.#waiting.set(send, cancel);
  }

  sendAll(): void {
    for (const [send, cancel] of this.#waiting) {
      cancel();
      send();
    }
    this.#waiting.clear();
  }
}

async function end(server: Server, held: HeldReplies): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  held.sendAll();
  // Node keeps connections that are kept alive for a minute; what has been written to them still arrives.
  await new Promise<void>((resolve) => setImmediate(resolve));
  server.closeAllConnections();
  await closed;
}
