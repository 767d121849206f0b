import type { Clock } from '../platform/ports.js';
import { BoundedMap } from './bounded-map.js';
import type { Incoming } from './incoming.js';
import type { Reply } from './replies.js';
import { startSandbox } from './sandbox.js';
import type { IdType } from './update.js';

/** The sandbox as a program starts it for its own tests. All of it may be left out. */
export interface StartSandboxOptions {
  /** The port to listen on, at 127.0.0.1. 0 to 65535; default 0: one that is free. */
  readonly port?: number | undefined;
  /** The only client code that is accepted. Default: any, each with profiles and a cap of its own. */
  readonly clientCode?: string | null | undefined;
  /** As Target does: an update of an unknown visitor creates no profile, and looks like a success. Default false. */
  readonly knownOnly?: boolean | undefined;
  /** Ids of visitors that exist, whatever their kind; implies `knownOnly`. Default: none. */
  readonly known?: readonly string[] | undefined;
  /** Milliseconds after which an update shows, 0 or more. Default 0. */
  readonly applyAfterMs?: number | undefined;
  /** Updates in any rolling 24 hours, a whole number, 0 or more; 429 beyond. Default: no cap. */
  readonly cap?: number | null | undefined;
  /** A made-up token that requests must carry. Default: none. */
  readonly token?: string | null | undefined;
  /** Milliseconds that each reply takes, 0 or more. Default 0. */
  readonly latencyMs?: number | undefined;
  /** The share of updates that meet a fault, 0 to 1. Default 0. */
  readonly errorRate?: number | undefined;
  /** The same seed, the same faults: a whole number. Default 1. */
  readonly seed?: number | undefined;
}

/** A request that the sandbox was sent, and how it was answered. */
export interface SandboxRequest {
  /** `GET` or `POST`. */
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  /** The `Authorization` header, or `null`. */
  readonly authorization: string | null;
  /** As it came; empty where it was over the limit of its API (60,000 bytes for an update). */
  readonly body: string;
  /** `null`: the connection was cut in place of an answer. */
  readonly httpStatus: number | null;
}

/** A sandbox that listens, until it is closed. */
export interface StartedSandbox {
  /** `http://127.0.0.1:<port>`, no slash at the end: what `endpoint` takes. */
  readonly url: string;
  /**
   * What is stored of a visitor: attribute names (without `profile.`) and values; `null`: no such profile. `id` is a
   * thirdPartyId or a pcId; the profiles of all visitors take some 64 MB at most, the one updated longest ago is dropped.
   */
  profile(id: string): Readonly<Record<string, string>> | null;
  /** The latest requests, oldest first: 10,000 at most, and some 16 MB. */
  requests(): readonly SandboxRequest[];
  /** Stops listening and ends every connection. Nothing of it keeps the process alive then. Twice is harmless. */
  close(): Promise<void>;
}

const requestsMax = 10_000;
const requestBytesMax = 16_000_000;
const idTypes: readonly IdType[] = ['thirdPartyId', 'pcId'];

/** @throws UsageError `sandbox-option`, `sandbox-port`. */
export async function startOwnSandbox(options: StartSandboxOptions, clock: Clock): Promise<StartedSandbox> {
  const requests = new BoundedMap<number, SandboxRequest>(requestBytesMax);
  let requestCount = 0;
  const onRequest = (incoming: Incoming, reply: Reply) => {
    requestCount += 1;
    const request = requestOf(incoming, reply);
    const weight = Math.max(requestBytesMax / requestsMax, 200 + request.url.length + request.body.length);
    requests.set(requestCount, request, weight);
  };
  const { known = [], knownOnly = known.length > 0 } = options;
  const sandbox = await startSandbox({
    port: options.port ?? 0,
    clientCode: options.clientCode ?? null,
    knownOnly,
    known: known.flatMap((id) => idTypes.map((idType) => ({ idType, id }))),
    applyAfterMs: options.applyAfterMs ?? 0,
    cap: options.cap ?? null,
    token: options.token ?? null,
    latencyMs: options.latencyMs ?? 0,
    errorRate: options.errorRate ?? 0,
    seed: options.seed ?? 1,
    clock,
    onRequest,
  });
  return {
    url: sandbox.url,
    profile: (id) => sandbox.profile('thirdPartyId', id) ?? sandbox.profile('pcId', id),
    requests: () => requests.values(),
    close: () => sandbox.close(),
  };
}

function requestOf({ method, url, authorization, body }: Incoming, reply: Reply): SandboxRequest {
  return {
    method,
    url,
    authorization: authorization ?? null,
    body,
    httpStatus: reply.kind === 'cut' ? null : reply.httpStatus,
  };
}
