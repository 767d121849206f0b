import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chown, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer, connect as openSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEndOfFile } from './clean-up.js';

/** Debian puts it where a user's PATH does not lead. */
const binary = ['pgbouncer', '/usr/sbin/pgbouncer'].find((path) => spawnSync(path, ['--version']).status === 0) ?? null;

export const isPgBouncerMissing = binary === null;

/** It refuses root. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** A PgBouncer in transaction mode on 127.0.0.1, with few connections to the server: each transaction may get another. */
export async function startPgBouncer(serverPort: number): Promise<{ readonly port: number }> {
  if (binary === null) throw new Error('there is no PgBouncer here');
  const folder = await mkdtemp(join(tmpdir(), 'profile-drip-pgbouncer-'));
  const port = await freePort();
  const config = join(folder, 'pgbouncer.ini');
  await writeFile(
    config,
    `[databases]
* = host=127.0.0.1 port=${serverPort} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
server_round_robin = 1
server_login_retry = 0.1
max_client_conn = 100
`,
  );
  for (const path of [folder, config]) if (nobody.uid !== undefined) await chown(path, nobody.uid, nobody.gid);
  const log = await open(join(folder, 'log'), 'a');
  const child: ChildProcess = spawn(binary, [config], { ...nobody, cwd: folder, stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  atEndOfFile(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error('PgBouncer ended');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { port };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = openSocket({ port, host: '127.0.0.1' });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
