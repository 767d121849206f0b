import { defaultEndpoint } from '../endpoint/endpoint.js';
import type { OutgoingTry } from '../platform/ports.js';
import { looksLikeName } from '../target-api/characters/shown-names.js';
import { allHeaders } from '../target-api/request-headers.js';
import { makeRoute } from '../target-api/routes/make-route.js';
import type { RouteName } from '../terms/outcome.js';
import type { CheckOptions, FirstRequest } from './options.js';

/** A request as it would be sent, to be shown. */
export interface ShownRequest {
  readonly file: string;
  readonly route: RouteName;
  readonly row: number;
  readonly line: number;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** In the order in which they are sent. A token is not shown, only that there would be one. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** `null` where all stands in the query. */
  readonly body: string | null;
}

export interface ShownRequestOptions
  extends Pick<
    CheckOptions,
    | 'method'
    | 'endpoint'
    | 'route'
    | 'onCap'
    | 'deliveryHost'
    | 'deliveryMbox'
    | 'deliveryProperty'
    | 'deliveryUserAgent'
  > {
  readonly clientCode: string;
  readonly hasToken: boolean;
  /** Ids and attribute values too. */
  readonly showValues: boolean;
  /** When a request would leave. */
  readonly nowMs: number;
}

/** What stands for an id or a value, and what a body of JSON has in its place. */
const hidden = '…';
const hiddenInJson = '\\u2026';

/** The requests of a row; with --on-cap delivery one of each route that it may go by. */
export function shownRequests(request: FirstRequest, options: ShownRequestOptions): ShownRequest[] {
  const names: readonly RouteName[] = options.onCap === 'delivery' ? ['update', 'delivery'] : [options.route];
  return names.flatMap((name) => shownRequest(request, name, options) ?? []);
}

/** `null`: this route cannot carry the row. */
function shownRequest(request: FirstRequest, name: RouteName, options: ShownRequestOptions): ShownRequest | null {
  const { clientCode, hasToken, showValues, nowMs } = options;
  const { file, rowNumber, lineNumber: line, form } = request;
  const route = makeRoute({ ...options, timeoutMs: 0 }, name);
  if (!route.carries(form)) return null;
  const origin = options.endpoint ?? defaultEndpoint(clientCode);
  const whole = route.outgoing({ rowNumber, form }, null, nowMs);
  const shown = showValues ? whole : unmasked(route.outgoing({ rowNumber, form: withoutCells(form) }, null, nowMs));
  // The length is that of what leaves, whatever is shown of it.
  const hasAuthorization = hasToken && name === 'update';
  const headers = allHeaders(origin, { ...whole, authorization: hasAuthorization ? 'Bearer […]' : null });
  const { method, path, body } = shown;
  return { file, route: name, row: rowNumber, line, method, url: origin + path, headers, body };
}

/** The session id is made of the visitor's id: it is not shown either. */
function unmasked({ method, path, body }: OutgoingTry): Pick<OutgoingTry, 'method' | 'path' | 'body'> {
  const plain = (text: string) => text.replaceAll(encodeURIComponent(hidden), hidden).replaceAll(hiddenInJson, hidden);
  return { method, path: plain(path).replace(/(sessionId=)[0-9a-f]+/, `$1${hidden}`), body: body && plain(body) };
}

/** Without ids and values, and without names that do not look like names. */
function withoutCells(form: string): string {
  const parts = form.split('&').map((part) => {
    const name = decodeURIComponent(part.slice(0, part.indexOf('=')));
    const isShown = looksLikeName(name.replace(/^profile\./, ''));
    const value = encodeURIComponent(hidden);
    return isShown ? `${encodeURIComponent(name)}=${value}` : `profile.${value}=${value}`;
  });
  return parts.join('&');
}
