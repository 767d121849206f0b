import type { buildConnector, Client, Dispatcher, Pool } from 'undici';
import type { Destination } from '../../endpoint/endpoint.js';
import type { LookUp } from '../../platform/ports.js';
import { systemCode } from '../../terms/errors.js';
import { chooseProxy } from './choose-proxy.js';
import { withoutContinue } from './interim-answers.js';
import { guardedLookUp } from './lookup-guard.js';
import { proxyAnswerCode } from './network-codes.js';

export interface ConnectionOptions {
  readonly destination: Destination;
  readonly lookUp: LookUp;
  /** For `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (or in lower case). A loopback destination has no proxy. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The most attempts that are in flight at once, 1 or more: as many connections go through a proxy. */
  readonly connections: number;
  /** After how long a connection that cannot be made is given up for good: `--timeout`. */
  readonly connectTimeoutMs: number;
}

type Undici = typeof import('undici');

/** Connections that are kept alive, one attempt on each at a time. */
export interface Connections {
  /** A connection that no other attempt has; perhaps one that has yet to be made. */
  take(): Dispatcher;
  /** `isWhole`: the reply has been read to its end, or nothing was sent, and the next attempt may have it. */
  giveBack(connection: Dispatcher, isWhole: boolean): void;
  destroy(): Promise<void>;
}

/** `signal` ends connections that are being made. Throws UsageError (`proxy-url`). */
export function makeConnections(undici: Undici, options: ConnectionOptions, signal: AbortSignal): Connections {
  const connect = { timeout: options.connectTimeoutMs, signal };
  const clientOptions = {
    pipelining: 1,
    // Each attempt has a time-out of its own, over all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect,
  };
  const { origin, isLoopback } = options.destination;
  const proxy = isLoopback ? null : chooseProxy(origin, options.environment);
  if (proxy !== null) return new ProxyConnections(proxyAgent(undici, proxy, options, clientOptions));
  // One for all: they share what TLS remembers of earlier connections.
  const connector = withoutInterimAnswers(
    undici.buildConnector({ ...connect, lookup: guardedLookUp(isLoopback, options.lookUp) }),
  );
  return new OwnConnections(() => new undici.Client(origin, { ...clientOptions, connect: connector }));
}

/**
 * A connection is given to the next attempt at once, and not by way of undici's Pool, which looks for a free one among all
 * of them at every request and hears of it through events.
 */
class OwnConnections implements Connections {
  readonly #make: () => Client;
  /** The one used last comes first: it is the likeliest to be still there. */
  readonly #idle: Client[] = [];
  #isDestroyed = false;

  constructor(make: () => Client) {
    this.#make = make;
  }

  take(): Client {
    return this.#idle.pop() ?? this.#make();
  }

  giveBack(client: Client, isWhole: boolean): void {
    if (isWhole && !this.#isDestroyed) this.#idle.push(client);
    else void client.destroy();
  }

  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    await Promise.all(this.#idle.splice(0).map((client) => client.destroy()));
  }
}

/** Through the proxy that the environment names, by undici's own choice among its connections. */
class ProxyConnections implements Connections {
  readonly #agent: Dispatcher;

  constructor(agent: Dispatcher) {
    this.#agent = agent;
  }

  take(): Dispatcher {
    return this.#agent;
  }

  giveBack(): void {}

  destroy(): Promise<void> {
    return this.#agent.destroy();
  }
}

function proxyAgent(
  undici: Undici,
  uri: string,
  { connections, connectTimeoutMs }: ConnectionOptions,
  clientOptions: Client.Options & { readonly connect: buildConnector.BuildOptions },
): Dispatcher {
  return new undici.ProxyAgent({
    ...clientOptions,
    uri,
    connections,
    proxyTls: clientOptions.connect,
    requestTls: { timeout: connectTimeoutMs },
    clientFactory: (proxy: URL, proxyOptions: Pool.Options) =>
      new undici.Pool(proxy, { ...withOwnErrors(proxyOptions), headersTimeout: connectTimeoutMs }),
    factory: (target: string | URL, targetOptions: Pool.Options) =>
      new undici.Pool(target, withProxyFaults(targetOptions)),
  });
}

/** What went wrong at the proxy, and not behind it: its name, its connection, its certificate, its answer to CONNECT. */
export class ProxyError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Tells what breaks on the way to the proxy from what breaks behind it. */
function withOwnErrors(options: Pool.Options): Pool.Options {
  return withErrors(options, (error) => {
    const code = systemCode(error) ?? error.name;
    return new ProxyError(code, `the proxy: ${error.message === '' ? code : error.message}`, { cause: error.cause });
  });
}

/**
 * A proxy's refusal under a code of its own. And a connection to the proxy that broke under another code than undici's
 * (UND_ERR_SOCKET), at which its client would connect again at once and for ever, whatever happened to the attempt.
 */
function withProxyFaults(options: Pool.Options): Pool.Options {
  return withErrors(options, proxyError);
}

function withErrors(options: Pool.Options, of: (error: Error) => Error): Pool.Options {
  const { connect } = options;
  if (typeof connect !== 'function') return options;
  return {
    ...options,
    connect: (target, callback) =>
      connect(target, (...[error, socket]) => {
        if (error === null) callback(null, withoutContinue(socket));
        else callback(of(error), null);
      }),
  };
}

function withoutInterimAnswers(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error === null) callback(null, withoutContinue(socket));
      else callback(error, null);
    });
}

function proxyError(error: Error): Error {
  const httpStatus = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1];
  if (httpStatus !== undefined) {
    return new ProxyError(proxyAnswerCode(httpStatus), `the proxy answered ${httpStatus} to CONNECT`);
  }
  const code = systemCode(error);
  if (code === 'UND_ERR_SOCKET' || code === 'UND_ERR_INFO') {
    return new ProxyError('PROXY_BROKE', `the connection to the proxy broke: ${error.message}`);
  }
  return error;
}
