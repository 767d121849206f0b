import type { Dispatcher, Pool } from 'undici';
import { systemCode, UsageError } from '../errors.js';
import { proxyAnswerCode } from './network-codes.js';

export interface DispatcherOptions {
  /** `https://host` or `http://host:port`. */
  readonly origin: string;
  /** Connections kept alive side by side, one try on each at a time: as many as tries under way. 1 or more. */
  readonly connections: number;
  /** Whether `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (or in lower case) are heeded. */
  readonly useProxy: boolean;
  /** After how long a connection that cannot be made is given up for good: `--timeout`. */
  readonly connectTimeoutMs: number;
}

type Undici = typeof import('undici');

/** The environment's names for proxies, as undici reads them. */
const proxyVariables = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'];

/** undici's pool of connections, through a proxy where the environment names one. `signal` ends connections that are being made. Throws UsageError (`proxy-url`). */
export function makeDispatcher(undici: Undici, options: DispatcherOptions, signal: AbortSignal): Dispatcher {
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
