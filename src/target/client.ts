import { setMaxListeners } from 'node:events';
import type { Dispatcher, Pool } from 'undici';
import { systemCode, UsageError } from '../errors.js';
import type { Cancel, Clock, OutgoingTry, Reply, Transport } from '../ports.js';
import { replyBytesMax } from './limits.js';
import { proxyAnswerCode } from './network-codes.js';

export interface TransportOptions {
  /** `https://host` or `http://host:port`. */
  readonly origin: string;
  /** Connections kept alive side by side, one try on each at a time: as many as tries under way. 1 or more. */
  readonly connections: number;
  /** Whether `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (or in lower case) are heeded. */
  readonly useProxy: boolean;
  /** After how long a connection that cannot be made is given up for good: `--timeout`. */
  readonly connectTimeoutMs: number;
  /** For each try's own time-out. */
  readonly clock: Clock;
}

/**
 * Carries tries to Target over a pool of keep-alive connections: the one place that touches the network.
 *
 * A try is `waiting` (for a connection, perhaps a new one), then `started` (its bytes are handed to the socket), then
 * `settled`. It can settle from either state, and settles once.
 * - `mayStart` is asked at the step from waiting to started; undici writes to the socket in the same synchronous step.
 * - A try that settles while waiting (timed out, aborted) stays in undici's queue, and is turned away when its turn comes.
 * - A try that settles while started, before its reply has ended, takes its connection with it.
 * - Nothing is tried again here, no redirect is followed, and no two tries share a connection at once.
 *
 * Throws UsageError (`proxy-url`) at a proxy variable that is no URL. undici takes a good part of the program's start to
 * load: hence the promise.
 */
export async function makeTransport(options: TransportOptions): Promise<Transport> {
  const undici = await import('undici');
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // one for each connection
  const dispatcher = makeDispatcher(undici, options, closing.signal);
  // Each try knows its place, and the last one takes the place of one that leaves: a Set costs several times as much.
  const unsettled: Try[] = [];
  const leave = (one: Try) => {
    const last = unsettled.pop();
    if (last === undefined || last === one) return;
    unsettled[one.place] = last;
    last.place = one.place;
  };

  // Replies that came in one turn of the event loop are handed out together at its end, where undici uses their
  // connections again: reading, judging and writing each go on for many tries in a row, which caches reward.
  let settled: (() => void)[] = [];
  const handOut = () => {
    const all = settled;
    settled = [];
    for (const resolve of all) resolve();
  };
  const abortAll = () => {
    for (const each of [...unsettled]) each.abort();
  };
  return {
    send: (outgoing, mayStart) =>
      new Promise((resolve, reject) => {
        if (closing.signal.aborted) {
          resolve({ kind: 'not-started' });
          return;
        }
        const settle = (reply: Reply) => {
          leave(one);
          if (settled.length === 0) setImmediate(handOut);
          settled.push(() => resolve(reply));
        };
        const one = new Try(unsettled.length, mayStart, settle, reject);
        unsettled.push(one);
        one.limit(options.clock, outgoing.timeoutMs);
        dispatcher.dispatch(dispatchOptions(options.origin, outgoing), one);
      }),
    abortAll,
    async close() {
      abortAll();
      closing.abort(); // also the connections that are still being made, which undici would wait for
      await dispatcher.destroy();
    },
  };
}

function dispatchOptions(origin: string, outgoing: OutgoingTry): Dispatcher.DispatchOptions {
  const headers: string[] = ['user-agent', 'profile-drip'];
  if (outgoing.body !== null) headers.push('content-type', 'application/x-www-form-urlencoded');
  if (outgoing.authorization !== null) headers.push('authorization', outgoing.authorization);
  return { origin, path: outgoing.path, method: outgoing.method, headers, body: outgoing.body };
}

/** One try, as undici drives it. */
class Try implements Dispatcher.DispatchHandler {
  /** Its index among the unsettled. */
  place: number;
  readonly #mayStart: () => boolean;
  readonly #settle: (reply: Reply) => void;
  readonly #fault: (error: unknown) => void;
  #cancelTimeout: Cancel | null = null;
  #isSettled = false;
  /** `null` while waiting. */
  #controller: Dispatcher.DispatchController | null = null;
  #httpStatus = 0;
  #retryAfter: string | null = null;
  readonly #chunks: Buffer[] = [];
  #readBytes = 0;

  /** `fault`: `mayStart` threw, which is no matter of the network. */
  constructor(place: number, mayStart: () => boolean, settle: (reply: Reply) => void, fault: (error: unknown) => void) {
    this.place = place;
    this.#mayStart = mayStart;
    this.#settle = settle;
    this.#fault = fault;
  }

  limit(clock: Clock, timeoutMs: number): void {
    this.#cancelTimeout = clock.schedule(timeoutMs, () => this.#end({ kind: 'timed-out' }));
  }

  abort(): void {
    this.#end({ kind: this.#controller === null ? 'not-started' : 'aborted' });
  }

  /** undici writes the request right after this returns. What it throws fails the request and spares the connection. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) throw new Error('settled while it waited for a connection');
    if (!this.#isAllowed()) {
      this.#end({ kind: 'not-started' });
      throw new Error('may not start');
    }
    this.#controller = controller;
  }

  #isAllowed(): boolean {
    try {
      return this.#mayStart();
    } catch (error) {
      this.#fault(error);
      return false;
    }
  }

  /** Called for informational answers (1xx) too, and last for the one that counts. */
  onResponseStart(_: Dispatcher.DispatchController, httpStatus: number, headers: Record<string, unknown>): void {
    this.#httpStatus = httpStatus;
    const retryAfter = headers['retry-after'];
    const first: unknown = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
    this.#retryAfter = typeof first === 'string' ? first : null;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isSettled) return;
    this.#chunks.push(chunk);
    this.#readBytes += chunk.length;
    if (this.#readBytes > replyBytesMax) this.#end(this.#answered());
  }

  onResponseEnd(): void {
    this.#controller = null; // the connection is whole: it stays
    this.#end(this.#answered());
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#controller = null; // undici has dropped the connection already
    this.#end({ kind: 'broken', errorCode: codeOf(error), message: messageOf(error) });
  }

  #answered(): Reply {
    const [first] = this.#chunks;
    const bytes = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    const body = bytes.toString('utf8', 0, replyBytesMax);
    return { kind: 'answered', httpStatus: this.#httpStatus, retryAfter: this.#retryAfter, body };
  }

  #end(reply: Reply): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#cancelTimeout?.();
    this.#controller?.abort(new Error('settled'));
    this.#settle(reply);
  }
}

type Undici = typeof import('undici');

/** The environment's names for proxies, as undici reads them. */
const proxyVariables = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'];

function makeDispatcher(undici: Undici, options: TransportOptions, signal: AbortSignal): Dispatcher {
  const { origin, connections, connectTimeoutMs } = options;
  const connect = { timeout: connectTimeoutMs, signal };
  const poolOptions: Pool.Options = {
    connections,
    pipelining: 1,
    // Each try has a time-out of its own, over all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect,
  };
  if (!options.useProxy || !hasProxy()) return new undici.Pool(origin, poolOptions);
  return new undici.EnvHttpProxyAgent({
    ...poolOptions,
    proxyTls: connect,
    requestTls: { timeout: connectTimeoutMs },
    clientFactory: (proxy: URL, proxyOptions: Pool.Options) =>
      new undici.Pool(proxy, { ...proxyOptions, headersTimeout: connectTimeoutMs }),
    factory: (target: string | URL, targetOptions: Pool.Options) =>
      new undici.Pool(target, withProxyFaults(targetOptions)),
  });
}

/** Throws UsageError at one that undici could not read; its value may hold a password, and is not shown. */
function hasProxy(): boolean {
  const proxies = proxyVariables
    .map((name) => ({ name, value: process.env[name] ?? '' }))
    .filter(({ value }) => value !== '');
  for (const { name, value } of proxies) {
    const protocol = URL.canParse(value) ? new URL(value).protocol : '';
    if (protocol === 'http:' || protocol === 'https:') continue;
    throw new UsageError('proxy-url', `${name} must be the URL of a proxy, http://host:port or https://host:port.`);
  }
  return proxies.length > 0;
}

/**
 * A proxy's refusal under a code of its own. And a connection to the proxy that broke under another code than undici's
 * (UND_ERR_SOCKET), at which its client would connect anew at once and for ever, whatever became of the try.
 */
function withProxyFaults(options: Pool.Options): Pool.Options {
  const { connect } = options;
  if (typeof connect !== 'function') return options;
  return {
    ...options,
    connect: (target, callback) =>
      connect(target, (...[error, socket]) => {
        if (error === null) callback(null, socket);
        else callback(proxyError(error), null);
      }),
  };
}

function proxyError(error: Error): Error {
  const httpStatus = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1];
  if (httpStatus !== undefined) {
    return Object.assign(new Error(`the proxy answered ${httpStatus} to CONNECT`), {
      code: proxyAnswerCode(httpStatus),
    });
  }
  const code = systemCode(error);
  if (code === 'UND_ERR_SOCKET' || code === 'UND_ERR_INFO') {
    return Object.assign(new Error(`the connection to the proxy broke: ${error.message}`), { code: 'PROXY_BROKE' });
  }
  return error;
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
