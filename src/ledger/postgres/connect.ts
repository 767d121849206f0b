import { lookup } from 'node:dns/promises';
import { isIP, Socket } from 'node:net';
import pg from 'pg';
import type { Cancel, Clock } from '../../platform/ports.js';
import { MachineError } from '../../terms/errors.js';
import { HomeAway } from '../ledger-home.js';

/**
 * A connection to PostgreSQL. Every wait is bounded here, because no setting of the server ends a COMMIT that hangs:
 * when it is over, the connection is destroyed.
 */
export interface Connection {
  /** Several statements, separated by semicolons, take no `values`. Rejects with the database's error, or after `waitMs`. */
  run(text: string, values?: readonly (string | null)[]): Promise<StatementResult>;
  /** False once an error or the other side has ended it. */
  isUsable(): boolean;
  destroy(): void;
}

export interface StatementResult {
  /** The tag that the server answered with: `COMMIT`, or `ROLLBACK` where a COMMIT found an aborted transaction. */
  readonly command: string;
  /** Every value is text, as the server wrote it. */
  readonly rows: readonly Readonly<Record<string, string | null>>[];
  /** How many notices and warnings came with it. */
  readonly noticeCount: number;
}

export interface ConnectionTarget {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Asked when the server asks; `null`: there is none. */
  readonly password: () => Promise<string | null>;
  readonly tls: TlsRule;
}

export type TlsRule =
  | { readonly kind: 'plain' }
  /** `isVerified`: the certificate's signer; `checksName`: that it is this host's. `ca`: `null` for those that Node.js trusts. */
  | { readonly kind: 'tls'; readonly isVerified: boolean; readonly checksName: boolean; readonly ca: string | null }
  /** What the address says: plain text to loopback, else what is given. */
  | { readonly kind: 'by-address'; readonly ca: string | null };

export const connectWaitMs = 10_000;
export const statementWaitMs = 10_000;

export async function connect(target: ConnectionTarget, clock: Clock): Promise<Connection> {
  const addresses = target.host.startsWith('/') ? [target.host] : await addressesOf(target.host, clock);
  let lastError: unknown = null;
  for (const address of addresses) {
    try {
      return await connectTo(address, target, clock);
    } catch (error) {
      lastError = error;
    }
  }
  throw lastError ?? new Error('the name has no address');
}

async function addressesOf(host: string, clock: Clock): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const found = await bounded(lookup(host, { all: true }), clock, connectWaitMs, 'looking up the name', () => {});
  return found.map(({ address }) => address);
}

/** What a connection's address says; a name may lead anywhere. */
export function isLoopbackAddress(address: string): boolean {
  return address.startsWith('/') || address === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(address);
}

function tlsOptions(address: string, { host, tls }: ConnectionTarget): false | TlsOptions {
  if (tls.kind === 'plain' || (tls.kind === 'by-address' && isLoopbackAddress(address))) return false;
  const rule = tls.kind === 'tls' ? tls : { isVerified: true, checksName: true, ca: tls.ca };
  return {
    rejectUnauthorized: rule.isVerified,
    // The name is what the user wrote, whatever address it led to.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(rule.ca === null ? {} : { ca: rule.ca }),
    ...(rule.checksName ? {} : { checkServerIdentity: () => undefined }),
  };
}

interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
  readonly ca?: string;
  readonly checkServerIdentity?: () => undefined;
}

async function connectTo(address: string, target: ConnectionTarget, clock: Clock): Promise<Connection> {
  const socket = new Socket();
  const client = new pg.Client({
    host: address,
    port: target.port,
    database: target.database,
    user: target.user,
    password: async () => (await target.password()) ?? '',
    ssl: tlsOptions(address, target),
    stream: () => socket,
    keepAlive: true,
    types: { getTypeParser: () => (text: string) => text },
  });
  let isUsable = true;
  let noticeCount = 0;
  client.on('error', () => {
    isUsable = false;
  });
  client.on('end', () => {
    isUsable = false;
  });
  client.on('notice', () => {
    noticeCount += 1;
  });
  const destroy = () => {
    isUsable = false;
    socket.destroy();
  };
  try {
    await bounded(client.connect(), clock, connectWaitMs, 'connecting', destroy);
  } catch (error) {
    destroy();
    throw error;
  }
  return {
    isUsable: () => isUsable,
    destroy,
    async run(text, values) {
      if (!isUsable) throw new HomeAway('state-unreachable', 'the connection was closed');
      noticeCount = 0;
      const query = values === undefined ? client.query(text) : client.query(text, [...values]);
      try {
        const answer: unknown = await bounded(query, clock, statementWaitMs, 'a statement', destroy);
        return { ...resultOf(answer), noticeCount };
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) destroy();
        throw error;
      }
    },
  };
}

/** Of several statements the last one's. */
function resultOf(answer: unknown): Omit<StatementResult, 'noticeCount'> {
  const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer;
  if (!(last instanceof pg.Result)) throw new Error('pg gave no result');
  const rows = last.rows.map((row: unknown) => textsOf(row));
  return { command: last.command, rows };
}

function textsOf(row: unknown): Record<string, string | null> {
  if (typeof row !== 'object' || row === null) throw new Error('pg gave a row that is not an object');
  const entries = Object.entries(row).map(([name, value]): [string, string | null] => [
    name,
    typeof value === 'string' ? value : null,
  ]);
  return Object.fromEntries(entries);
}

async function bounded<T>(
  work: Promise<T>,
  clock: Clock,
  waitMs: number,
  what: string,
  giveUp: () => void,
): Promise<T> {
  let cancel: Cancel = () => {};
  const over = new Promise<never>((_resolve, reject) => {
    cancel = clock.schedule(waitMs, () => {
      giveUp();
      reject(new HomeAway('state-unreachable', `no answer to ${what} in ${waitMs / 1000} s`));
    });
  });
  work.catch(() => {}); // it may still fail when nobody waits for it any more
  try {
    return await Promise.race([work, over]);
  } finally {
    cancel();
  }
}

/** The SQLSTATE of what the database itself said, and its words; `null`: it said nothing. */
export function databaseSaid(error: unknown): { readonly state: string; readonly message: string } | null {
  if (!(error instanceof pg.DatabaseError)) return null;
  return { state: error.code ?? '', message: error.message };
}

/** A file with certificates that cannot be read is reported before anything is connected. */
export function unreadableCertificates(cause: unknown): MachineError {
  const message =
    'sslrootcert: expected a readable file with certificates, and it cannot be read. Check the path and its permissions';
  return new MachineError('state-tls', message, { cause });
}
