/** What the codes of a broken attempt mean: the system's, Node's, undici's, and those of target-api/client. */

/** The endpoint's name leads elsewhere than when the run began (lookup-guard.ts). */
export const addressChangedCode = 'ADDRESS_CHANGED';

/** The name of the endpoint, or of a proxy, does not resolve: getaddrinfo's answers as Node names them. */
export const dnsCodes: ReadonlySet<string> = new Set([
  'ENOTFOUND', // no such name, or no address for it
  'EAI_AGAIN', // the name server did not answer, for now
  'EAI_FAIL', // the name server failed
  'EAI_NODATA',
  'EAI_NONAME',
  addressChangedCode,
]);

/** The certificate is not trusted: a matter of the machine or the endpoint, which no further attempt changes. */
export const certificateCodes: ReadonlySet<string> = new Set([
  // Node's documentation, TLS, "X509 certificate error codes"
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CRL_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN', // also what a proxy that reads along shows, until its CA is in NODE_EXTRA_CA_CERTS
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'HOSTNAME_MISMATCH',
  // Node's own: the certificate is for another name
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Someone gave up waiting for the network: the system, or undici while it connected. */
export const timeoutCodes: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT', // a proxy that does not answer CONNECT
]);

/** A connection broke after it was made: the endpoint, or a firewall that does not like what it reads. */
export const resetCodes: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'UND_ERR_SOCKET', // the other side closed
]);

/** A proxy's answer to CONNECT, other than 200. */
export function proxyAnswerCode(httpStatus: string): string {
  return `PROXY_ANSWERED_${httpStatus}`;
}

/** The proxy wants credentials, other ones, or will not let us through: none of it heals by itself. */
export const proxyRefusals: ReadonlyMap<string, number> = new Map(
  [401, 403, 407].map((httpStatus) => [proxyAnswerCode(String(httpStatus)), httpStatus]),
);
