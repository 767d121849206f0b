import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenOn } from '../../platform/listen.js';
import type { Clock } from '../../platform/ports.js';
import type { Reply } from './replies.js';

/**
 * The socket's side of the gateway: bounds what a client can hold on to, and sees to it that a refusal reaches one that
 * is still sending. What is answered is decided elsewhere.
 */

const headerBytesMax = 16_384;
const headerCountMax = 100;
const headersTimeoutMs = 15_000;
/** 50 MB at 100 KB a second. */
const requestTimeoutMs = 600_000;
/** Without a byte in either direction. */
const idleTimeoutMs = 60_000;
const connectionsMax = 256;
const checkEveryMs = 5_000;
/** How much more of a body that is refused is read and thrown away: many clients only read once they have sent all. */
const drainBytesMax = 67_108_864;
const drainMs = 30_000;

export type Handle = (request: IncomingMessage, mayContinue: () => void) => Promise<Reply>;

export interface RunningServer {
  readonly port: number;
  /** Takes no more connections, lets open answers finish, and closes the rest after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** @throws UsageError `serve-port`. */
export async function startServer(host: string, port: number, clock: Clock, handle: Handle): Promise<RunningServer> {
  const server = createServer({
    maxHeaderSize: headerBytesMax,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: idleTimeoutMs,
    connectionsCheckingInterval: checkEveryMs,
  });
  server.maxHeadersCount = headerCountMax;
  server.maxConnections = connectionsMax;
  server.setTimeout(idleTimeoutMs);
  server.on('request', (request, response) => void answer(request, response, clock, handle, () => {}));
  // Only the first line and the headers are here yet: what is refused now need not be sent at all.
  server.on('checkContinue', (request, response) => {
    void answer(request, response, clock, handle, () => response.writeContinue());
  });
  return { port: await listenOn(server, port, host, 'serve-port'), close: (graceMs) => close(server, clock, graceMs) };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  clock: Clock,
  handle: Handle,
  mayContinue: () => void,
): Promise<void> {
  let isAwaited = request.headers.expect !== undefined;
  request.on('error', () => {}); // the client went away: there is nobody to answer
  response.on('error', () => {});
  const reply = await handle(request, () => {
    isAwaited = false;
    mayContinue();
  });
  const isRead = request.complete || isAwaited || (await drained(request, clock));
  if (response.destroyed) return;
  const body = Buffer.from(reply.body);
  response.writeHead(reply.httpStatus, {
    'Content-Type': reply.contentType,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    ...reply.headers,
    ...(isRead && !isAwaited ? {} : { Connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body, () => {
    if (!isRead) request.destroy();
  });
}

/** Whether the body came to its end within bounds. */
function drained(request: IncomingMessage, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    let leftBytes = drainBytesMax;
    const finish = (isAtEnd: boolean) => {
      cancel();
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      request.pause();
      resolve(isAtEnd);
    };
    const onData = (chunk: Buffer) => {
      leftBytes -= chunk.length;
      if (leftBytes < 0) finish(false);
    };
    const onEnd = () => finish(true);
    const onClose = () => finish(request.complete);
    const cancel = clock.schedule(drainMs, () => finish(false));
    request.on('data', onData).on('end', onEnd).on('close', onClose);
    if (request.destroyed) finish(false);
    else request.resume();
  });
}

async function close(server: Server, clock: Clock, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cancel = clock.schedule(graceMs, () => server.closeAllConnections());
  await closed;
  cancel();
}
