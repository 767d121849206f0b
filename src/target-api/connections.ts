import type { buildConnector, Client, Dispatcher, Pool } from 'undici';
import { systemCode, UsageError } from '../terms/errors.js';
import { proxyAnswerCode } from './network-codes.js';

export interface ConnectionOptions {
  /** `https://host` or `http://host:port`. */
  readonly origin: string;
  /** The most tries that are under way at once, 1 or more: so many connections go through a proxy. */
  readonly connections: number;
  /** Whether `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (or in lower case) are heeded. */
  readonly useProxy: boolean;
  /** After how long a connection that cannot be made is given up for good: `--timeout`. */
  readonly connectTimeoutMs: number;
}

type Undici = typeof import('undici');

/** The environment's names for proxies, as undici reads them. */
const proxyVariables = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'];

/** Connections that are kept alive, one try on each at a time. */
export interface Connections {
  /** A connection that no other try has; perhaps one that has yet to be made. */
  take(): Dispatcher;
  /** `isWhole`: the reply has been read to its end, or nothing was sent, and the next try may have it. */
  giveBack(connection: Dispatcher, isWhole: boolean): void;
  destroy(): Promise<void>;
}

/** `signal` ends connections that are being made. Throws UsageError (`proxy-url`). */
export function makeConnections(undici: Undici, options: ConnectionOptions, signal: AbortSignal): Connections {
  const connect = { timeout: options.connectTimeoutMs, signal };
  const clientOptions = {
    pipelining: 1,
    // Each try has a time-out of its own, over all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect,
  };
  if (options.useProxy && hasProxy()) return new ProxyConnections(proxyAgent(undici, options, clientOptions));
  // One for all: they share what TLS remembers of earlier connections.
  const connector = undici.buildConnector(connect);
  return new OwnConnections(() => new undici.Client(options.origin, { ...clientOptions, connect: connector }));
}

/**
 * A connection is given to the next try at once, and not by way of undici's Pool, which looks for a free one among all
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
  { connections, connectTimeoutMs }: ConnectionOptions,
  clientOptions: Client.Options & { readonly connect: buildConnector.BuildOptions },
): Dispatcher {
  return new undici.EnvHttpProxyAgent({
    ...clientOptions,
    connections,
    proxyTls: clientOptions.connect,
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
