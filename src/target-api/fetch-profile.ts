import type { OutgoingTry } from '../platform/ports.js';
import type { TryOutcome } from '../terms/outcome.js';
import { classify, type JudgedReply } from './classify.js';
import type { IdType } from './columns.js';

/** Reading a profile back: the request, and what a reply says. Pure. */

export interface FetchedAttribute {
  readonly value: string;
  /** Unix time; `null`: the reply does not say, or not in a form that is known. */
  readonly modifiedAtMs: number | null;
}

/** What Target answered about one visitor. */
export type FetchOutcome =
  | {
      readonly kind: 'profile';
      /** By name, without `profile.`. Those of others are among them. */
      readonly attributes: ReadonlyMap<string, FetchedAttribute>;
      /** How much the server's clock is ahead of ours; 0 where the reply has no usable `Date`. */
      readonly aheadMs: number;
    }
  | { readonly kind: 'not-found' }
  | Exclude<TryOutcome, { kind: 'submitted' }>;

export interface FetchOptions {
  readonly clientCode: string;
  readonly idType: IdType;
  readonly timeoutMs: number;
}

export function fetchRequest(id: string, authorization: string | null, options: FetchOptions): OutgoingTry {
  const { clientCode, idType, timeoutMs } = options;
  const place = idType === 'thirdPartyId' ? 'thirdPartyId/' : '';
  const path = `/rest/v1/profiles/${place}${encodeURIComponent(id)}?client=${encodeURIComponent(clientCode)}`;
  return { method: 'GET', path, body: null, authorization, timeoutMs };
}

/** `nowWallMs`: when the reply came. */
export function judgeFetch(reply: JudgedReply, nowWallMs: number): FetchOutcome {
  if (reply.kind !== 'answered') return notTaken(classify(reply, nowWallMs));
  const { httpStatus, body } = reply;
  const isOwnStatus = httpStatus === 200 || httpStatus === 404;
  const found = isOwnStatus ? readObject(body) : null;
  if (found !== null) {
    // Documented: {"status": 404, "message": "No profile found for client …"}.
    if (found.get('status') === 404) return { kind: 'not-found' };
    const attributes = httpStatus === 200 ? readAttributes(found.get('profileAttributes')) : null;
    const isProfile = found.has('visitorId') || found.has('mboxPC') || found.has('thirdPartyId');
    if (attributes !== null) return { kind: 'profile', attributes, aheadMs: aheadMs(reply.date, nowWallMs) };
    // A visitor without any attribute.
    if (httpStatus === 200 && isProfile && !found.has('profileAttributes')) {
      return { kind: 'profile', attributes: new Map(), aheadMs: aheadMs(reply.date, nowWallMs) };
    }
  }
  if (httpStatus === 404 && /No profile found/i.test(body)) return { kind: 'not-found' };
  return notTaken(classify({ ...reply, body: httpStatus === 200 ? '' : body }, nowWallMs));
}

/** A reply that says that an update was submitted says nothing here. */
function notTaken(outcome: TryOutcome): Exclude<FetchOutcome, { kind: 'profile' | 'not-found' }> {
  if (outcome.kind !== 'submitted') return outcome;
  const reason = { code: 'not-understood', text: null } as const;
  return { kind: 'retry', httpStatus: outcome.httpStatus, reason, trouble: 'not-understood', retryAfterMs: null };
}

function readObject(body: string): ReadonlyMap<string, unknown> | null {
  try {
    return asObject(JSON.parse(body));
  } catch {
    return null; // XML, HTML, or a reply that was cut
  }
}

function asObject(value: unknown): ReadonlyMap<string, unknown> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return new Map<string, unknown>(Object.entries(value));
}

function readAttributes(value: unknown): ReadonlyMap<string, FetchedAttribute> | null {
  const object = asObject(value);
  if (object === null) return null;
  const attributes = new Map<string, FetchedAttribute>();
  for (const [name, described] of object) {
    const attribute = readAttribute(described);
    if (attribute !== null)
      attributes.set(name.startsWith('profile.') ? name.slice('profile.'.length) : name, attribute);
  }
  return attributes;
}

/** `null`: it holds no value that could be compared. */
function readAttribute(described: unknown): FetchedAttribute | null {
  const object = asObject(described);
  const value = object?.get('value');
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null;
  return { value: String(value), modifiedAtMs: readTime(object?.get('modifiedAt')) };
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** Older replies have times without an offset: they are taken as UTC (assumed). */
function readTime(value: unknown): number | null {
  if (typeof value === 'number') return value;
  const [text, offset] = typeof value === 'string' ? (isoTime.exec(value) ?? []) : [];
  if (text === undefined) return null;
  const withColon = offset === undefined ? `${text}Z` : text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
  const atMs = Date.parse(withColon);
  return Number.isNaN(atMs) ? null : atMs;
}

/** `Date` has whole seconds: half of one is added. */
function aheadMs(date: string | undefined, nowWallMs: number): number {
  const atMs = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(atMs) ? 0 : atMs + 500 - nowWallMs;
}
