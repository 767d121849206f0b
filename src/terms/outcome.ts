/**
 * How an attempt and a row can end: the one vocabulary that job, target-api and pacing share.
 * The codes are a public interface: they stand in the results report, in the summary and in `check`.
 */

export const routeNames = ['update', 'delivery'] as const;
/** The way on which a row's requests go: `update`, single updates; `delivery`, Adobe's Delivery API. Default: `update`. */
export type RouteName = (typeof routeNames)[number];

/** Why a row is not sendable. It costs nothing of the cap. */
export const invalidCodes = {
  'header-again': 'the header again: files were joined with their headers',
  'id-empty': 'the id is empty, or nothing but blanks and invisible characters',
  'id-characters': '+ or / in a thirdPartyId: Target does not take them',
  'id-plus': 'a bare + in an encoded id: say with --plus what it means',
  'id-length': 'the id is over 256 characters (with --route delivery, a pcId over 128)',
  'extra-cells': 'more cells with something in them than the header has',
  'percent-broken': 'a % that no two hexadecimal digits follow, or that does not decode to UTF-8',
  'not-utf8': 'bytes that are not UTF-8',
  'request-size': 'the request would be over the limit (POST 60,000 bytes, GET 8,000; Delivery 2,500 attributes)',
  'value-length': 'with --route delivery: a value is over 256 characters',
  'name-length': 'with --route delivery: an attribute name is over 128 characters',
} as const;

/** Why an attempt did not succeed. */
export const tryCodes = {
  'target-refused': 'Target answered that it will not take this row',
  'http-4xx': 'an answer of the 4xx family that speaks of this row',
  'http-403': 'answered 403 where other rows were taken',
  'rate-limited': 'answered 429: later',
  unavailable: 'answered 503: later',
  'server-error': 'an answer of the 5xx family, or 408',
  'not-understood': 'a 200 whose body is not a reply of this API',
  timeout: 'no whole reply within --timeout',
  network: 'the connection could not be made, or broke',
  dns: 'the name of the endpoint does not resolve',
  proxy: 'the proxy of the environment does not resolve, cannot be reached, or broke the connection',
  certificate: "the endpoint's certificate is not trusted",
  unauthorized: 'answered 401 where other rows were taken; as a stop: 401, 403, or a proxy that refuses',
  'session-busy': 'answered 420: too many requests of this visitor at once (Delivery)',
  'not-processed': 'the reply does not name every notification: not all of the row was processed (Delivery)',
  redirect: 'answered with a redirect where other rows were taken',
} as const;

/** Why a row was not sent by itself although nothing is wrong with it. */
export const quietCodes = {
  'no-values': 'no value to send',
  coalesced: 'went with a later row of its visitor in one update (--coalesce)',
  'last-submitted': 'identical to what was last submitted (--changed-only)',
} as const;

/** Why a row is not sendable; `invalidCodes` has each in words. */
export type InvalidCode = keyof typeof invalidCodes;
/** Why an attempt did not succeed; `tryCodes` has each in words. */
export type TryCode = keyof typeof tryCodes;
/** Why a row did not go through, or was not sent. */
export type ReasonCode = InvalidCode | TryCode | keyof typeof quietCodes;

/** Why a row did not go through. `text` comes from outside: raw here, made harmless where it is written. `null`: none. */
export interface Reason {
  readonly code: ReasonCode;
  readonly text: string | null;
}

/** How a row ended. `invalid`, `refused` and `failed` rows are in the rejects. */
export type RowStatus = 'submitted' | 'skipped' | 'unchanged' | 'invalid' | 'refused' | 'failed';

export const rowStatuses: readonly RowStatus[] = ['submitted', 'skipped', 'unchanged', 'invalid', 'refused', 'failed'];

/** A row that did not go through: it stands in the rejects, and counts for --max-failures and --tolerate. */
export function isRejected(status: RowStatus): boolean {
  return status === 'invalid' || status === 'refused' || status === 'failed';
}

/** How one attempt ended. Pure classification makes it (target-api/classify), the loop acts on it. */
export type TryOutcome =
  | { readonly kind: 'submitted'; readonly httpStatus: number }
  /** An answer about this row alone: it is not sent again. */
  | { readonly kind: 'refused'; readonly httpStatus: number; readonly reason: Reason }
  /** To be sent again. `trouble` says what the health of the run makes of it. */
  | {
      readonly kind: 'retry';
      readonly httpStatus: number | null;
      readonly reason: Reason;
      readonly trouble: Trouble;
      /** What `Retry-After` asks for, 0 to 86,400,000 (24 h); `null`: nothing that could be read. */
      readonly retryAfterMs: number | null;
    }
  /** An answer that may not be the row's own: the run stops unless a further look (token, another row) clears it. */
  | {
      readonly kind: 'stop';
      readonly httpStatus: number | null;
      readonly reason: Reason;
      /** `proxy`: a proxy refuses the connection. `delivery-…`: what this option says is not accepted. Both whatever the row. */
      readonly cause:
        | 'unauthorized'
        | 'forbidden'
        | 'redirect'
        | 'certificate'
        | 'proxy'
        | 'delivery-host'
        | 'delivery-property';
    };

/**
 * `throttled`: 429, 503: holds the whole run. `network`: no connection. `reset`: a connection broke. `silence`: no
 * reply in time. `dns`: the name unresolved. `server`: other 5xx. `request-timeout`: 408.
 * `session-busy`: 420, of this visitor alone. `not-understood`: an answer, but not this API's, or one that leaves a part
 * of the row out. All but the last three count towards an outage by themselves.
 */
export type Trouble =
  | 'throttled'
  | 'network'
  | 'reset'
  | 'silence'
  | 'dns'
  | 'server'
  | 'request-timeout'
  | 'session-busy'
  | 'not-understood';
