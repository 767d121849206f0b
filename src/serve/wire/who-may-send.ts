import { createHash, timingSafeEqual } from 'node:crypto';

/** Who may send to the gateway. Pure. */

/** A line of --auth-file. `clientCode` null: every one. */
export interface Credential {
  readonly clientCode: string | null;
  readonly token: string;
}

/**
 * A web page in somebody's browser must not reach a gateway on loopback: a browser says where a request comes from, and
 * a name that was made to lead here shows in `Host`.
 */
export function isFromBrowser(headers: Readonly<Record<string, string | readonly string[] | undefined>>): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined;
}

/** `publicHost`: host and port of --public-url, or `null`. No Host at all is HTTP/1.0's, which no browser speaks. */
export function isOwnHost(host: string | undefined, publicHost: string | null): boolean {
  if (host === undefined || host === '') return true;
  const own = host.toLowerCase();
  if (publicHost !== null && own === publicHost.toLowerCase()) return true;
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/.test(own);
}

/**
 * Whether the token is one of the client code's. Compared by digests and against all of them, so that the time it takes
 * does not tell how much of a token was right, or which token.
 */
export function isAuthorized(
  authorization: string | undefined,
  credentials: readonly Credential[],
  clientCode: string,
): boolean {
  const [, token = ''] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  const given = digest(token);
  let isFound = false;
  for (const credential of credentials) {
    const isSame = timingSafeEqual(digest(credential.token), given);
    const isForCode = credential.clientCode === null || credential.clientCode === clientCode;
    isFound = (isSame && isForCode) || isFound;
  }
  return isFound && token !== '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
