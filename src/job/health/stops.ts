import { exitStatus } from '../../terms/exit-status.js';
import type { Reason } from '../../terms/outcome.js';
import { endpointStop, type Stop } from '../terms/stops.js';
import { differentRowsMax, type HealthRow, rowText } from './terms.js';

/** The stops that health asks for, in words. Each names the last error. */

/** `alsoCount`: other rows that got the same answer. */
export function unauthorizedStop(row: HealthRow, lastError: string, alsoCount: number, hasToken: boolean): Stop {
  const also = alsoCount === 0 ? '' : `, and ${alsoCount} more ${alsoCount === 1 ? 'row' : 'rows'} get the same answer`;
  const last = `Last error: ${lastError}`;
  const refused = `the endpoint does not accept ${rowText(row)}`;
  if (row.route === 'delivery') {
    const check = 'Check the client code, the endpoint and --delivery-host';
    return endpointStop(
      'unauthorized',
      `${refused}: the Delivery API gets no token${also}. ${check}. ${last}`,
      lastError,
    );
  }
  const why = hasToken
    ? `also with the token read again${also}. Check the token (--token-file or PROFILE_DRIP_TOKEN) and whether it has expired`
    : `no token was given${also}. If Target asks for a profile token, give it: --token-file PATH, or PROFILE_DRIP_TOKEN in the environment. Else check`;
  const message = `${refused}${hasToken ? ', ' : ': '}${why}${hasToken ? ', the' : ' the'} client code and the endpoint. ${last}`;
  return endpointStop('unauthorized', message, lastError);
}

export function redirectStop(httpStatus: number | null, lastError: string): Stop {
  return endpointStop(
    'redirected',
    `the endpoint answers with a redirect (${httpStatus ?? 'no status'}); redirects are not followed. Check --endpoint and --client-code. Last error: ${lastError}`,
    lastError,
  );
}

export function certificateStop(text: string | null, lastError: string): Stop {
  const whose = text?.startsWith('the proxy')
    ? 'the certificate of the proxy'
    : 'the certificate of the endpoint, or of a proxy that decrypts the traffic,';
  return endpointStop(
    'certificate',
    `${whose} is not trusted (${text ?? 'no detail'}). If this network has a certificate authority of its own, name its file: NODE_EXTRA_CA_CERTS=/path/to/ca.pem`,
    lastError,
  );
}

export function proxyStop(httpStatus: number | null, lastError: string): Stop {
  return endpointStop(
    'proxy-refused',
    `the proxy refuses the connection (${httpStatus ?? 'no status'}). Check the proxy in HTTPS_PROXY or HTTP_PROXY, its user and its password, or add the endpoint to NO_PROXY. Last error: ${lastError}`,
    lastError,
  );
}

export function deliveryHostStop(lastError: string): Stop {
  return endpointStop(
    'delivery-host',
    `the account takes Delivery requests of authorized hosts alone. Name one of them with --delivery-host (Administration > Hosts in Target). Last error: ${lastError}`,
    lastError,
  );
}

export function deliveryPropertyStop(lastError: string): Stop {
  return endpointStop(
    'delivery-property',
    `Target does not accept the property token. Check --delivery-property, or leave it out. Last error: ${lastError}`,
    lastError,
  );
}

export function unresolvedStop({ code, text }: Reason, lastError: string): Stop {
  if (code === 'proxy') {
    return endpointStop(
      'proxy-unresolved',
      `the name of the proxy does not resolve (${text ?? 'no detail'}): check HTTPS_PROXY and HTTP_PROXY, or add the endpoint to NO_PROXY`,
      lastError,
    );
  }
  return endpointStop(
    'endpoint-unresolved',
    `the name of the endpoint does not resolve: check --client-code and --endpoint, and the name service of this machine. Last error: ${lastError}`,
    lastError,
  );
}

export function wrongEndpointStop(lastError: string): Stop {
  return endpointStop(
    'endpoint-suspect',
    `the first ${differentRowsMax} answers were all refusals or not understood: the endpoint or the client code is probably wrong. No row was ended; --max-failures takes the place of this check. Last error: ${lastError}`,
    lastError,
  );
}

/** --limit: the first rows are a trial, and it failed. */
export function noneTakenStop(rowCount: number, lastError: string): Stop {
  const rows = rowCount === 1 ? 'the one row' : `all ${rowCount} rows`;
  return endpointStop(
    'endpoint-suspect',
    `Target took none of the rows that --limit lets go: check --endpoint and --client-code. No row was ended: ${rows} will be sent again. Last error: ${lastError}`,
    lastError,
  );
}

export function outageStop(lastedMs: number, lastError: string): Stop {
  return endpointStop(
    'outage',
    `no row was taken for ${Math.round(lastedMs / 1000)} s (--give-up). Last error: ${lastError}`,
    lastError,
  );
}

export function serverWaitStop(httpStatus: number | null, askedMs: number, lastError: string): Stop {
  return {
    exitStatus: exitStatus.cap,
    code: 'server-wait',
    message: `the server answers ${httpStatus ?? 'later'} and asks for a wait of ${Math.ceil(askedMs / 1000)} s (--on-cap stop)`,
    patience: 'reply',
    cause: new Error(lastError),
  };
}
