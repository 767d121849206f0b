import type { IncomingMessage } from 'node:http';
import type { Disk } from '../platform/ports.js';
import type { ErrorCode, NoticeCode } from '../terms/codes.js';
import { FileError, ProfileDripError, UsageError } from '../terms/errors.js';
import type { ClientQueue } from './client-queue.js';
import { metricsText } from './metrics.js';
import type { ServeOptions } from './options.js';
import { spoolBatch, TooManyRows } from './spool-batch.js';
import { BatchBodyError } from './wire/batch-body.js';
import { filePart, MultipartError, multipartType } from './wire/multipart.js';
import type { Reply } from './wire/replies.js';
import * as replies from './wire/replies.js';
import { type Route, routeOf } from './wire/route.js';
import { isAuthorized, isFromBrowser, isOwnHost } from './wire/who-may-send.js';

/** The part of the gateway that answers requests. */
export interface Gateway {
  readonly options: ServeOptions;
  readonly disk: Disk;
  /** Origin that status addresses begin with. */
  readonly url: string;
  isEnding(): boolean;
  /** `null`: this client code is not served. */
  queueOf(clientCode: string): Promise<ClientQueue | null>;
  queues(): readonly ClientQueue[];
  /** Whether something can be put on disk now. */
  hasRoom(): Promise<boolean>;
  say(level: 'info' | 'warning', code: NoticeCode | ErrorCode, message: string, clientCode: string | null): void;
}

class TooLarge extends Error {}

const retrySoon = { 'Retry-After': '60' };
const bearer = { 'WWW-Authenticate': 'Bearer' };

/** Answers one request. `mayContinue`: the client may send the body that it announced. Never rejects. */
export async function answerRequest(
  gateway: Gateway,
  request: IncomingMessage,
  mayContinue: () => void,
): Promise<Reply> {
  try {
    return await answer(gateway, request, mayContinue);
  } catch (error) {
    const message = error instanceof ProfileDripError ? error.message : 'internal error: this is a bug in profile-drip';
    gateway.say('warning', error instanceof ProfileDripError ? error.code : 'internal', message, null);
    return replies.refused(500, 'Internal error');
  }
}

async function answer(gateway: Gateway, request: IncomingMessage, mayContinue: () => void): Promise<Reply> {
  const { options } = gateway;
  const { headers } = request;
  const route = routeOf(request.method ?? '', request.url ?? '');
  if (isFromBrowser(headers)) return replies.refused(403, 'Requests of a browser are not taken');
  const publicHost = options.publicUrl === null ? null : new URL(options.publicUrl).host;
  // A load balancer asks by address whether there is somebody; the answer tells nothing.
  if (route.kind !== 'health' && !isOwnHost(headers.host, publicHost)) {
    return replies.refused(403, 'The Host header names another host than this gateway');
  }
  switch (route.kind) {
    case 'health':
      return health(gateway);
    case 'metrics':
      return metrics(gateway, headers.authorization);
    case 'batch-status':
      return batchStatus(gateway, route);
    case 'batch-update':
      return batchUpdate(gateway, route, request, mayContinue);
    case 'method':
      return replies.refused(405, 'This address takes another method', { Allow: route.allow });
    case 'nothing':
      return replies.refused(404, 'There is nothing at this address');
  }
}

async function health(gateway: Gateway): Promise<Reply> {
  if (gateway.isEnding()) return replies.plain(503, 'ending');
  return (await gateway.hasRoom()) ? replies.plain(200, 'ok') : replies.plain(503, 'nothing can be put on disk');
}

function metrics(gateway: Gateway, authorization: string | undefined): Reply {
  const { credentials } = gateway.options;
  const queues = gateway.queues();
  if (credentials === null) return replies.metricsPage(metricsText(queues));
  const own = queues.filter(({ clientCode }) => isAuthorized(authorization, credentials, clientCode));
  // A token of one client code sees that one alone; without a batch yet, only a token of all is known to be good.
  const isKnown =
    own.length > 0 || credentials.some(({ clientCode }) => isAuthorized(authorization, credentials, clientCode ?? '*'));
  return isKnown ? replies.metricsPage(metricsText(own)) : replies.refused(401, 'A token is needed', bearer);
}

async function batchStatus(gateway: Gateway, route: Extract<Route, { kind: 'batch-status' }>): Promise<Reply> {
  const unknown = replies.refused(404, 'There is no such batch');
  if (!isServed(gateway, route.clientCode)) return unknown;
  const queue = gateway.queues().find(({ clientCode }) => clientCode === route.clientCode);
  const record = queue === undefined ? null : await queue.look(route.batchId);
  if (record === null) return unknown;
  const counts = {
    batchSize: record.rowCount,
    consumedCount: record.consumedCount,
    successfulUpdates: record.successfulCount,
    failedUpdates: record.failedCount,
  };
  return replies.batchStatus(record.id, record.state, counts, route.showDetails);
}

function isServed({ options }: Gateway, clientCode: string): boolean {
  return options.clientCodes === null || options.clientCodes.includes(clientCode);
}

async function batchUpdate(
  gateway: Gateway,
  { clientCode }: Extract<Route, { kind: 'batch-update' }>,
  request: IncomingMessage,
  mayContinue: () => void,
): Promise<Reply> {
  const refusal = await refusedBefore(gateway, clientCode, request);
  if (refusal !== null) return saidRefused(gateway, clientCode, refusal);
  try {
    const queue = await gateway.queueOf(clientCode);
    if (queue === null) return saidRefused(gateway, clientCode, replies.refused(404, 'This client code is not served'));
    mayContinue();
    return await takeBatch(gateway, queue, request);
  } catch (error) {
    return saidRefused(gateway, clientCode, refusalFor(gateway, error));
  }
}

/** What can be refused before the body is there; `null`: nothing is wrong yet. */
async function refusedBefore(gateway: Gateway, clientCode: string, request: IncomingMessage): Promise<Reply | null> {
  const { options } = gateway;
  const { headers } = request;
  if (!isServed(gateway, clientCode)) return replies.refused(404, 'This client code is not served');
  if (options.credentials !== null && !isAuthorized(headers.authorization, options.credentials, clientCode)) {
    return replies.refused(401, 'A token is needed', bearer);
  }
  if (gateway.isEnding()) return replies.refused(503, 'The gateway is stopping', retrySoon);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') return replies.refused(400, 'The body must not be compressed');
  if (Number(headers['content-length'] ?? 0) > options.maxBodyBytes) return tooLarge(options);
  return null;
}

function tooLarge({ maxBodyBytes }: ServeOptions): Reply {
  return replies.refused(413, `A batch is limited to ${maxBodyBytes} bytes`);
}

async function takeBatch(gateway: Gateway, queue: ClientQueue, request: IncomingMessage): Promise<Reply> {
  const { disk, options } = gateway;
  const { headers } = request;
  const raw = limited(request, options.maxBodyBytes);
  const type = multipartType(headers['content-type']);
  const body = type === null ? raw : filePart(raw, headers, type);
  const spooled = await spoolBatch(disk, queue.newSpoolPath(), body, type === null);
  try {
    await queue.requireHeader(spooled.path);
    if (gateway.isEnding()) throw new Ending();
    const { id, isRepeated } = await queue.accept(spooled);
    const what = isRepeated ? 'accepted once more, it is identical' : `accepted, ${spooled.rowCount} rows`;
    gateway.say('info', 'batch-accepted', `${id}: ${what}`, queue.clientCode);
    return replies.accepted(`${gateway.url}/m2/${queue.clientCode}/profile/batchStatus?batchId=${id}`);
  } catch (error) {
    await disk.remove(spooled.path).catch(() => {});
    throw error;
  }
}

class Ending extends Error {}

/** The body as it comes; the request stays open where reading stops, so that it can be answered. */
async function* limited(request: IncomingMessage, bytesMax: number): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > bytesMax) throw new TooLarge();
    yield piece;
  }
}

function refusalFor(gateway: Gateway, error: unknown): Reply {
  if (error instanceof TooLarge) return tooLarge(gateway.options);
  if (error instanceof TooManyRows) return replies.refused(413, 'A batch is limited to 500000 rows');
  if (error instanceof Ending) return replies.refused(503, 'The gateway is stopping', retrySoon);
  if (error instanceof MultipartError) return replies.refused(400, 'A multipart body needs exactly one file in it');
  if (error instanceof BatchBodyError) return replies.refused(400, bodyFaults[error.code]);
  if (error instanceof FileError || error instanceof UsageError) {
    return replies.refused(400, `The first line is not a header that can be used (${error.code})`);
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    if (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE')
      return replies.refused(400, 'The body ended too early');
    gateway.say('warning', 'disk-failed', `a batch cannot be put on disk (${error.code})`, null);
    return replies.refused(503, 'The batch cannot be put on disk', retrySoon);
  }
  throw error;
}

const bodyFaults: Readonly<Record<BatchBodyError['code'], string>> = {
  empty: 'The body is empty',
  'not-a-batch': 'The body must begin with batch=',
  'no-line-end': 'The first line has no end',
  'form-broken': 'The form value is not URL-encoded',
};

function saidRefused(gateway: Gateway, clientCode: string, reply: Reply): Reply {
  const known = isServed(gateway, clientCode) ? clientCode : null;
  const message = /<message>(.*)<\/message>/.exec(reply.body)?.[1] ?? '';
  gateway.say('warning', 'batch-refused', `a batch was refused with ${reply.httpStatus}: ${message}`, known);
  return reply;
}
