/** A URL of the state in PostgreSQL, as libpq writes them. Pure; no message repeats any of it, because it may hold a password. */

export const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof sslModes)[number];

export interface StateUrl {
  /** A name, an address, or the folder of a socket (from `/`). */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** `null`: PGUSER, else the user of this process. */
  readonly user: string | null;
  /** `null`: PGPASSWORD, else ~/.pgpass. */
  readonly password: string | null;
  /** `null`: PGSSLMODE, else what the address asks for. */
  readonly sslMode: SslMode | null;
  /** Path of a file with certificates; `null`: PGSSLROOTCERT, else those that Node.js trusts. */
  readonly sslRootCert: string | null;
}

export type StateUrlReading =
  | { readonly kind: 'url'; readonly url: StateUrl }
  | { readonly kind: 'wrong'; readonly why: string };

const parameters = ['host', 'port', 'user', 'password', 'sslmode', 'sslrootcert'];
export const defaultPort = 5432;

export function readStateUrl(text: string): StateUrlReading {
  if (!URL.canParse(text)) return wrong('write special characters of a user name or password as %XX (@ is %40)');
  const url = new URL(text);
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') return wrong('it begins with postgres://');
  if (url.hash !== '') return wrong('write # as %23');
  const given = new Map(url.searchParams);
  const unknown = [...given.keys()].find((name) => !parameters.includes(name));
  if (unknown !== undefined) return wrong(`of parameters it takes only ${parameters.join(', ')}`);
  try {
    return partsOf(url, given);
  } catch {
    return wrong('a % in it is not followed by two hexadecimal digits');
  }
}

function partsOf(url: URL, given: ReadonlyMap<string, string>): StateUrlReading {
  const part = (inUrl: string, name: string) => {
    const value = given.get(name) ?? decodeURIComponent(inUrl);
    return value === '' ? null : value;
  };
  const host = part(url.hostname.replace(/^\[|\]$/g, ''), 'host');
  const database = decodeURIComponent(url.pathname.slice(1));
  const port = Number(part(url.port, 'port') ?? defaultPort);
  const sslMode = given.get('sslmode') ?? null;
  const knownMode = sslModes.find((mode) => mode === sslMode) ?? null;
  if (host === null) return wrong('it names a host, or the folder of a socket (?host=/var/run/postgresql)');
  if (host.includes(',')) return wrong('it names one host');
  if (database === '' || database.includes('/')) return wrong('it names one database after the host');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return wrong('its port is 1 to 65,535');
  if (sslMode !== null && knownMode === null) return wrong(`sslmode is one of ${sslModes.join(', ')}`);
  const user = part(url.username, 'user');
  const password = part(url.password, 'password');
  const sslRootCert = given.get('sslrootcert') ?? null;
  return { kind: 'url', url: { host, port, database, user, password, sslMode: knownMode, sslRootCert } };
}

function wrong(why: string): StateUrlReading {
  return { kind: 'wrong', why };
}

/** For people: never the user's name or password. */
export function shownPlace({ host, port, database }: Pick<StateUrl, 'host' | 'port' | 'database'>): string {
  return `${host}${port === defaultPort ? '' : `:${port}`}/${database}`;
}

/** The URL without its password, for people. */
export function withoutPassword(text: string): string {
  const reading = readStateUrl(text);
  if (reading.kind === 'wrong') return '(not a URL)';
  const { user, sslMode } = reading.url;
  const name = user === null ? '' : `${encodeURIComponent(user)}@`;
  return `postgres://${name}${shownPlace(reading.url)}${sslMode === null ? '' : `?sslmode=${sslMode}`}`;
}
