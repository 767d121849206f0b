import { setMaxListeners } from 'node:events';
import type { Dispatcher } from 'undici';
import type { Cancel, Clock, OutgoingTry, Reply, Sender, Transport } from '../platform/ports.js';
import { systemCode } from '../terms/errors.js';
import { decodedBody } from './characters/decode-body.js';
import { replyBytesMax } from './limits.js';
import { type ConnectionOptions, type Connections, makeConnections, ProxyError } from './network/connections.js';
import { requestHeaders } from './request-headers.js';

export interface TransportOptions extends ConnectionOptions {
  /** For each attempt's own time-out. */
  readonly clock: Clock;
}

/**
 * Carries attempts to Target over connections that are kept alive (connections.ts): the one place that touches the network.
 *
 * An attempt is `waiting` (for a connection, perhaps a new one), then `started` (its bytes are handed to the socket), then
 * `settled`. It can settle from either state, and settles once.
 * - `mayStart` is asked at the step from waiting to started; undici writes to the socket in the same synchronous step.
 * - An attempt that settles before its reply has ended (timed out, aborted, broken) takes its connection with it. With a
 *   proxy, where undici shares connections out, one that still waits stays in the queue, and is turned away in its turn.
 * - Nothing is tried again here, no redirect is followed, and no two attempts share a connection at once.
 *
 * Throws UsageError (`proxy-url`) for a proxy variable that is not a URL. undici takes a good part of the program's start to
 * load: hence the promise.
 */
export async function makeTransport(options: TransportOptions): Promise<Transport> {
  const undici = await import('undici');
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // one for each connection
  return new UndiciTransport(makeConnections(undici, options, closing.signal), closing, options);
}

class UndiciTransport implements Transport {
  readonly #connections: Connections;
  readonly #closing: AbortController;
  readonly #origin: string;
  readonly #clock: Clock;
  readonly #headersOf = headersInCommon();
  /** Each knows its place, and the last one takes the place of one that leaves: a Set costs several times as much. */
  readonly #unsettled: Try[] = [];
  /** To be handed out. */
  #settled: Try[] = [];
  /** One alarm for all attempts, at or before the first deadline: what has settled need not be taken off it. */
  #cancelAlarm: Cancel | null = null;
  #alarmMs = Number.POSITIVE_INFINITY;

  constructor(connections: Connections, closing: AbortController, { destination, clock }: TransportOptions) {
    this.#connections = connections;
    this.#closing = closing;
    this.#origin = destination.origin;
    this.#clock = clock;
  }

  send(outgoing: OutgoingTry, sender: Sender): void {
    const deadlineMs = this.#clock.monotonicMs() + outgoing.timeoutMs;
    const connection = this.#connections.take();
    const one = new Try(sender, connection, deadlineMs, this.#unsettled.length, this.#settle);
    this.#unsettled.push(one);
    if (this.#closing.signal.aborted) {
      one.abort();
      return;
    }
    if (deadlineMs < this.#alarmMs) this.#setAlarm(deadlineMs);
    const { path, method, body } = outgoing;
    connection.dispatch({ origin: this.#origin, path, method, headers: this.#headersOf(outgoing), body }, one);
  }

  abortAll(): void {
    for (const each of [...this.#unsettled]) each.abort();
  }

  async close(): Promise<void> {
    this.abortAll();
    this.#endAlarm();
    this.#closing.abort(); // also the connections that are still being made, which undici would wait for
    await this.#connections.destroy();
  }

  /**
   * Replies that came in one turn of the event loop are handed out together at its end: reading, judging and writing
   * each go on for many attempts in a row, which caches reward. To hand each out at once costs more CPU at full speed.
   */
  readonly #settle = (one: Try): void => {
    const last = this.#unsettled.pop();
    if (last !== undefined && last !== one) {
      this.#unsettled[one.place] = last;
      last.place = one.place;
    }
    if (this.#unsettled.length === 0) this.#endAlarm();
    if (this.#settled.length === 0) setImmediate(this.#handOut);
    this.#settled.push(one);
  };

  readonly #handOut = (): void => {
    const all = this.#settled;
    this.#settled = [];
    for (const each of all) {
      this.#connections.giveBack(each.connection, each.leavesConnectionWhole);
      each.handOut();
    }
  };

  #setAlarm(atMs: number): void {
    this.#endAlarm();
    this.#alarmMs = atMs;
    this.#cancelAlarm = this.#clock.schedule(Math.max(0, atMs - this.#clock.monotonicMs()), () => this.#timeOut());
  }

  #endAlarm(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = null;
    this.#alarmMs = Number.POSITIVE_INFINITY;
  }

  /** Ends what is over its time, and sets the alarm for what will be next. */
  #timeOut(): void {
    this.#endAlarm();
    const nowMs = this.#clock.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const each of [...this.#unsettled]) {
      if (each.deadlineMs <= nowMs) each.timeOut();
      else nextMs = Math.min(nextMs, each.deadlineMs);
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#setAlarm(nextMs);
  }
}

/** Makes each attempt's headers: of a job's attempts they are the same until a token is read again, and undici leaves them as they are. */
function headersInCommon(): (outgoing: OutgoingTry) => string[] {
  let last: { readonly hasBody: boolean; readonly isJson: boolean; readonly authorization: string | null } | null =
    null;
  let headers: string[] = [];
  return (outgoing) => {
    const { authorization } = outgoing;
    const hasBody = outgoing.body !== null;
    const isJson = outgoing.isJson === true;
    const isSame = last?.hasBody === hasBody && last.isJson === isJson && last.authorization === authorization;
    if (isSame) return headers;
    last = { hasBody, isJson, authorization };
    headers = requestHeaders(outgoing);
    return headers;
  };
}

/** One attempt, as undici drives it. */
class Try implements Dispatcher.DispatchHandler {
  readonly connection: Dispatcher;
  /** Once settled: whether the next attempt may have its connection. */
  leavesConnectionWhole = false;
  /** Monotonic. */
  readonly deadlineMs: number;
  /** Its index among the unsettled. */
  place: number;
  readonly #sender: Sender;
  readonly #onSettled: (one: Try) => void;
  /** Once settled. */
  #reply: Reply | null = null;
  /** `null` while waiting. */
  #controller: Dispatcher.DispatchController | null = null;
  #httpStatus = 0;
  #retryAfter: string | null = null;
  /** `content-encoding`, where the reply has one. */
  #encoding: string | null = null;
  #date: string | null = null;
  /** Nearly every reply comes in one piece. */
  #firstChunk: Buffer | null = null;
  #moreChunks: Buffer[] | null = null;
  #readBytes = 0;

  constructor(
    sender: Sender,
    connection: Dispatcher,
    deadlineMs: number,
    place: number,
    onSettled: (one: Try) => void,
  ) {
    this.#sender = sender;
    this.connection = connection;
    this.deadlineMs = deadlineMs;
    this.place = place;
    this.#onSettled = onSettled;
  }

  handOut(): void {
    if (this.#reply !== null) this.#sender.settled(this.#reply);
  }

  timeOut(): void {
    this.#end({ kind: 'timed-out' });
  }

  abort(): void {
    this.#end({ kind: this.#controller === null ? 'not-started' : 'aborted' });
  }

  /** undici writes the request right after this returns. What it throws fails the request and spares the connection. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#reply !== null) throw new Error('settled while it waited for a connection');
    if (!this.#sender.mayStart()) {
      this.leavesConnectionWhole = true;
      this.#end({ kind: 'not-started' });
      throw new Error('may not start');
    }
    this.#controller = controller;
  }

  /** Called for informational answers (1xx) too, and last for the one that counts. */
  onResponseStart(_: Dispatcher.DispatchController, httpStatus: number, headers: Record<string, unknown>): void {
    this.#httpStatus = httpStatus;
    this.#retryAfter = firstOf(headers['retry-after']);
    this.#encoding = firstOf(headers['content-encoding']);
    this.#date = firstOf(headers.date);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#reply !== null) return;
    if (this.#firstChunk === null) this.#firstChunk = chunk;
    else {
      this.#moreChunks ??= [];
      this.#moreChunks.push(chunk);
    }
    this.#readBytes += chunk.length;
    if (this.#readBytes > replyBytesMax) this.#end(this.#answered());
  }

  onResponseEnd(): void {
    this.#controller = null;
    this.leavesConnectionWhole = true;
    this.#end(this.#answered());
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#controller = null; // undici has dropped the connection already
    this.#end({
      kind: 'broken',
      errorCode: codeOf(error),
      message: messageOf(error),
      ...(isProxyError(error) ? { isProxy: true } : {}),
    });
  }

  #answered(): Reply {
    const first = this.#firstChunk ?? Buffer.alloc(0);
    const bytes = this.#moreChunks === null ? first : Buffer.concat([first, ...this.#moreChunks]);
    const decoded = this.#encoding === null ? bytes : decodedBody(bytes, this.#encoding, replyBytesMax);
    const body = decoded?.toString('utf8', 0, replyBytesMax) ?? 'a compressed reply that cannot be decoded';
    const answer = { kind: 'answered', httpStatus: this.#httpStatus, retryAfter: this.#retryAfter, body } as const;
    return this.#date === null ? answer : { ...answer, date: this.#date };
  }

  #end(reply: Reply): void {
    if (this.#reply !== null) return;
    this.#reply = reply;
    this.#controller?.abort(new Error('settled'));
    this.#onSettled(this);
  }
}

/** undici passes it on as it is, or as the cause of an error of its own (a certificate's). */
function isProxyError(error: Error): boolean {
  return error instanceof ProxyError || error.cause instanceof ProxyError;
}

function firstOf(header: unknown): string | null {
  const first: unknown = Array.isArray(header) ? header[0] : header;
  return typeof first === 'string' ? first : null;
}

/** undici wraps what TLS says of a proxy's certificate; the code inside is the telling one. */
function codeOf(error: Error): string {
  const inner = error.cause instanceof Error ? systemCode(error.cause) : null;
  return inner ?? systemCode(error) ?? error.name;
}

function messageOf(error: Error): string {
  // Several addresses were tried, and the whole has no message of its own.
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const messages = errors
    .map((each) => (each instanceof Error ? each.message : ''))
    .filter((message) => message !== '');
  return messages.join('; ').replace(/\/\/[^/@\s]*@/g, '//');
}
