import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { isPostgresMissing, startPostgres } from '../support/postgres.js';
import { startRelay } from '../support/postgres-relay.js';
import { ended, type Run, runProgram, startProgram } from './support/run-program.js';

const server = isPostgresMissing ? null : await startPostgres(['fsync=off']);

interface Job {
  readonly rows: { readonly submitted: number; readonly unchanged: number };
  readonly cap: { readonly used: number };
}

function jobOf(run: Run): Job {
  const summary: { jobs: [Job] } = JSON.parse(run.stdout);
  return summary.jobs[0];
}

/** A folder that remembers `rowCount` visitors, and a database. */
async function world(rowCount: number) {
  if (server === null) throw new Error('no server');
  const folder = await temporaryFolder();
  const stateDir = join(folder, 'state');
  const url = server.url(await server.createDatabase());
  const sandbox = startProgram(['sandbox']);
  const endpoint = await new Promise<string>((resolve) => {
    sandbox.stdout?.setEncoding('utf8').on('data', (text: string) => resolve(text.split('\n')[0] ?? ''));
  });
  const file = async (name: string, count: number, tierAt: (index: number) => string) => {
    const rows = Array.from({ length: count }, (_, index) => `v${index},${tierAt(index)}\n`);
    await writeFile(join(folder, name), `batch=thirdPartyId,tier\n${rows.join('')}`);
    return join(folder, name);
  };
  const target = ['-c', 'acme', '--endpoint', endpoint];
  const options = { environment: { HOME: folder } };
  const how = ['--rate', '0', '--restart', '--json', '--progress', 'none'];
  const send = (path: string, ...args: string[]) => runProgram(['send', path, ...target, ...how, ...args], options);
  const copy = (to = url) => startProgram(['state', 'copy', '--from', stateDir, '--to', to], options);
  const all = await file('all.csv', rowCount, () => '1');
  expect(await send(all, '--state-dir', stateDir, '--changed-only')).toMatchObject({ status: 0 });
  const end = () => void sandbox.kill('SIGKILL');
  return { stateDir, url, file, send, copy, all, target, options, end };
}

describe.skipIf(server === null)('state copy', () => {
  it('takes the memory along, though it is killed at many points, and leaves the folder refused', {
    timeout: 240_000,
  }, async () => {
    const { stateDir, url, file, send, copy, all, target, options, end } = await world(4_500);
    const { port } = new URL(url);
    let onStatement = () => true;
    const relay = await startRelay({ port: Number(port), fateOf: () => (onStatement() ? 'pass' : 'meanwhile') });
    const through = url.replace(`:${port}/`, `:${relay.port}/`);
    const killedAt: number[] = [];
    for (let killAt = 4; ; killAt += 7) {
      let count = 0;
      const child = copy(through);
      onStatement = () => {
        count += 1;
        if (count === killAt) child.kill('SIGKILL');
        return count < killAt;
      };
      const { status, stdout, stderr } = await ended(child);
      if (status === null) {
        killedAt.push(killAt);
        continue;
      }
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('copied: acme (loopback endpoints), 4,500 updates count as used now\n');
      expect(stdout).toMatch(/copied: the memory of --changed-only of acme http:\S+ on \S+, 4,500 visitors\n/);
      break;
    }
    expect(killedAt.length).toBeGreaterThan(3);
    onStatement = () => true;
    const again = await ended(copy(through));
    expect(again.stdout).toContain('4,500 updates');
    expect(again.stdout).not.toContain('the memory');

    const shared = ['--state-url', url, '--changed-only'];
    const unchanged = await send(all, ...shared);
    expect(jobOf(unchanged).rows).toMatchObject({ submitted: 0, unchanged: 4_500 });
    const some = await file('some.csv', 600, (index) => (index % 200 === 7 ? '2' : '1'));
    expect(jobOf(await send(some, ...shared))).toMatchObject({
      rows: { submitted: 3, unchanged: 597 },
      cap: { used: 4_503 },
    });
    expect(await send(some, '--state-dir', stateDir)).toMatchObject({ status: 6 });
    const look = await runProgram(['check', ...target, '--changed-only', '--state-dir', stateDir, some], options);
    expect(look).toMatchObject({ status: 6, stderr: expect.stringContaining('was moved to the database') });
    end();
  });

  it('leaves the memory where runs have used the one in the database, and that one believes neither', {
    timeout: 60_000,
  }, async () => {
    const { url, file, send, copy, end } = await world(30);
    const changed = await file('changed.csv', 30, (index) => (index < 3 ? '2' : '1'));
    expect(await send(changed, '--state-url', url)).toMatchObject({ status: 0 }); // the folder does not know of it
    const copied = await ended(copy());
    expect(copied).toMatchObject({ status: 0, stdout: expect.stringContaining('not copied: the memory') });
    const all = await file('all.csv', 30, () => '1');
    expect(jobOf(await send(all, '--state-url', url, '--changed-only')).rows).toMatchObject({ submitted: 30 });
    end();
  });
});
