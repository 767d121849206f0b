import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { isPgBouncerMissing, startPgBouncer } from '../support/pgbouncer.js';
import { isPostgresMissing, startPostgres } from '../support/postgres.js';
import { ended, type Run, runProgram, startProgram } from './support/run-program.js';

const isMissing = isPostgresMissing || isPgBouncerMissing;
const server = isMissing ? null : await startPostgres(['fsync=off']);
const pooler = server === null ? null : await startPgBouncer(server.port);

interface Job {
  readonly rows: { readonly submitted: number; readonly unchanged: number };
  readonly cap: { readonly used: number };
}

function jobOf(run: Run): Job {
  const summary: { jobs: [Job] } = JSON.parse(run.stdout);
  return summary.jobs[0];
}

describe.skipIf(server === null)('a state in PostgreSQL behind PgBouncer in transaction mode', () => {
  it('counts what runs at the same time use, and remembers what they submitted', { timeout: 60_000 }, async () => {
    const sandbox = startProgram(['sandbox']);
    const endpoint = await new Promise<string>((resolve) => {
      sandbox.stdout?.setEncoding('utf8').on('data', (text: string) => resolve(text.split('\n')[0] ?? ''));
    });
    const stateUrl = `postgres://postgres@127.0.0.1:${pooler?.port}/${await server?.createDatabase()}`;
    const folder = await temporaryFolder();
    const send = async (name: string) => {
      const rows = Array.from({ length: 1_500 }, (_, index) => `${name}${index},1\n`);
      const path = join(folder, `${name}.csv`);
      await writeFile(path, `batch=thirdPartyId,tier\n${rows.join('')}`);
      const target = ['-c', 'acme', '--endpoint', endpoint, '--state-url', stateUrl];
      const how = ['--changed-only', '--rate', '0', '--restart', '--json', '--progress', 'none'];
      return ended(startProgram(['send', path, ...target, ...how], { environment: { HOME: folder } }));
    };
    // One creates the tables; the others share them at once.
    expect(await send('a')).toMatchObject({ status: 0 });
    const runs = await Promise.all(['b', 'c', 'd'].map(send));
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(runs.map((run) => jobOf(run).rows.submitted)).toEqual([1_500, 1_500, 1_500]);
    const again = await send('c');
    expect(jobOf(again).rows).toMatchObject({ submitted: 0, unchanged: 1_500 });
    expect(jobOf(again).cap.used).toBe(6_000);
    const status = await runProgram(['status', '--json', '--state-url', stateUrl], { environment: { HOME: folder } });
    expect(JSON.parse(status.stdout).ledgers[0]).toMatchObject({ used: 6_000 });
    sandbox.kill('SIGKILL');
  });
});
