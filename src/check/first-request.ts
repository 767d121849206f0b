import { defaultEndpoint } from '../endpoint/endpoint.js';
import { looksLikeName } from '../target-api/characters/shown-names.js';
import { makeOutgoing } from '../target-api/prepare.js';
import { allHeaders } from '../target-api/request-headers.js';
import type { CheckOptions, FirstRequest } from './options.js';

/** A request as it would be sent, to be shown. */
export interface ShownRequest {
  readonly file: string;
  readonly row: number;
  readonly line: number;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** In the order in which they are sent. A token is not shown, only that there would be one. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** `null` where all stands in the query. */
  readonly body: string | null;
}

export interface ShownRequestOptions extends Pick<CheckOptions, 'method' | 'endpoint'> {
  readonly clientCode: string;
  readonly hasToken: boolean;
  /** Ids and attribute values too. */
  readonly showValues: boolean;
}

/** What stands for an id or a value. */
const hidden = '…';

export function shownRequest(request: FirstRequest, options: ShownRequestOptions): ShownRequest {
  const { clientCode, method, hasToken, showValues } = options;
  const origin = options.endpoint ?? defaultEndpoint(clientCode);
  const outgoing = makeOutgoing({ method, clientCode, timeoutMs: 0 });
  const whole = outgoing(request.form, null);
  const shown = showValues ? whole : outgoing(withoutCells(request.form), null);
  // The length is that of what leaves, whatever is shown of it.
  const headers = allHeaders(origin, { ...whole, authorization: hasToken ? 'Bearer […]' : null });
  const { file, rowNumber: row, lineNumber: line } = request;
  return { file, row, line, method: shown.method, url: origin + shown.path, headers, body: shown.body };
}

/** Without ids and values, and without names that do not look like names. */
function withoutCells(form: string): string {
  const parts = form.split('&').map((part) => {
    const name = decodeURIComponent(part.slice(0, part.indexOf('=')));
    const isShown = looksLikeName(name.replace(/^profile\./, ''));
    return isShown ? `${encodeURIComponent(name)}=${hidden}` : `profile.${hidden}=${hidden}`;
  });
  return parts.join('&');
}
