import type { OutgoingTry } from '../platform/ports.js';

/** The headers of a request, for sending and for showing it. Pure. */

/** What is handed to undici, name and value by turns. It adds `host`, `connection` and `content-length` by itself. */
export function requestHeaders({
  body,
  isJson,
  authorization,
}: Pick<OutgoingTry, 'body' | 'isJson' | 'authorization'>): string[] {
  const headers = ['user-agent', 'profile-drip'];
  if (body !== null) headers.push('content-type', isJson ? 'application/json' : 'application/x-www-form-urlencoded');
  if (authorization !== null) headers.push('authorization', authorization);
  return headers;
}

/** All headers, in the order in which they leave. */
export function allHeaders(
  origin: string,
  outgoing: Pick<OutgoingTry, 'method' | 'body' | 'isJson' | 'authorization'>,
): readonly (readonly [name: string, value: string])[] {
  const own = requestHeaders(outgoing);
  const { method, body } = outgoing;
  const pairs: [string, string][] = [
    ['host', new URL(origin).host],
    ['connection', 'keep-alive'],
  ];
  for (let index = 0; index < own.length; index += 2) pairs.push([own[index] ?? '', own[index + 1] ?? '']);
  if (method === 'POST') pairs.push(['content-length', String(body?.length ?? 0)]);
  return pairs;
}
