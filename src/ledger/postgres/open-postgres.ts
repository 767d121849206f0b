import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { systemBootClock, systemClock, systemRandom } from '../../platform/clock.js';
import { UsageError } from '../../terms/errors.js';
import { readStateUrl, type SslMode, type StateUrl, shownPlace, sslModes } from '../../terms/state-url.js';
import { type ConnectionTarget, connect, type TlsRule, unreadableCertificates } from './connect.js';
import { passwordIn } from './pass-file.js';
import { PostgresHome } from './postgres-home.js';
import { databaseClock } from './statements.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The home that a URL names. `client`: under its name a draw counts once (UUID). Nothing is connected yet. @throws UsageError, MachineError */
export async function openPostgres(
  stateUrl: string,
  creates: boolean,
  client: string = randomUUID(),
): Promise<PostgresHome> {
  const target = await targetOf(stateUrl, process.env);
  return new PostgresHome({
    place: shownPlace(target),
    connect: () => connect(target, systemClock),
    client,
    newId: randomUUID,
    machine: hostname(),
    clock: systemClock,
    bootClock: systemBootClock,
    random: systemRandom,
    clockSql: databaseClock,
    creates,
  });
}

/** What libpq's environment adds to the URL. */
export async function targetOf(stateUrl: string, environment: Environment): Promise<ConnectionTarget> {
  const reading = readStateUrl(stateUrl);
  if (reading.kind === 'wrong') throw new UsageError('state-url', `the URL of the state: ${reading.why}`);
  const { url } = reading;
  const user = url.user ?? environment.PGUSER ?? userInfo().username;
  const { host, port, database } = url;
  const key = { host, port, database, user };
  const password = url.password ?? environment.PGPASSWORD ?? null;
  return {
    ...key,
    password: async () => password ?? (await passFilePassword(key)),
    tls: await tlsOf(url, environment),
  };
}

async function tlsOf(url: StateUrl, environment: Environment): Promise<TlsRule> {
  const ca = await certificates(url.sslRootCert ?? environment.PGSSLROOTCERT ?? null);
  const mode = url.sslMode ?? modeOf(environment.PGSSLMODE);
  switch (mode) {
    case null:
      return { kind: 'by-address', ca };
    case 'disable':
      return { kind: 'plain' };
    // libpq would fall back to plain text: here that has to be spelled out.
    case 'allow':
    case 'prefer':
    case 'require':
      return { kind: 'tls', isVerified: mode === 'require' && ca !== null, checksName: false, ca };
    case 'verify-ca':
      return { kind: 'tls', isVerified: true, checksName: false, ca };
    case 'verify-full':
      return { kind: 'tls', isVerified: true, checksName: true, ca };
  }
}

function modeOf(text: string | undefined): SslMode | null {
  if (text === undefined || text === '') return null;
  const mode = sslModes.find((one) => one === text);
  if (mode === undefined) throw new UsageError('state-url', `PGSSLMODE: expected one of ${sslModes.join(', ')}`);
  return mode;
}

async function certificates(path: string | null): Promise<string | null> {
  if (path === null || path === '' || path === 'system') return null;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadableCertificates(error);
  }
}

/** As libpq does, a file that others may read is passed over: then there is no password, and the login says so. */
async function passFilePassword(key: Parameters<typeof passwordIn>[1]): Promise<string | null> {
  try {
    const path = process.env.PGPASSFILE ?? join(homedir(), '.pgpass');
    const { mode } = await stat(path);
    return (mode & 0o077) === 0 ? passwordIn(await readFile(path, 'utf8'), key) : null;
  } catch {
    return null;
  }
}
