import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { isPostgresMissing, startPostgres } from '../support/postgres.js';
import { startRelay } from '../support/postgres-relay.js';
import { ended, type Run, runProgram, startProgram } from './support/run-program.js';

const server = isPostgresMissing ? null : await startPostgres(['fsync=off']);

/** A file, a state folder, and a database with two roles: `admin` may create a schema, `job` cannot. */
async function world() {
  if (server === null) throw new Error('no server');
  const folder = await temporaryFolder();
  const database = await server.createDatabase();
  await server.query('postgres', `CREATE ROLE job_${database} LOGIN`);
  const file = async (name: string, rowCount: number) => {
    const rows = Array.from({ length: rowCount }, (_, index) => `v${index},1\n`);
    await writeFile(join(folder, name), `batch=thirdPartyId,tier\n${rows.join('')}`);
    return join(folder, name);
  };
  const sandbox = startProgram(['sandbox']);
  const endpoint = await new Promise<string>((resolve) => {
    sandbox.stdout?.setEncoding('utf8').on('data', (text: string) => resolve(text.split('\n')[0] ?? ''));
  });
  const url = server.url(database);
  const jobUrl = url.replace('postgres@', `job_${database}@`);
  const send = (path: string, args: readonly string[], environment: Record<string, string> = {}) =>
    runProgram(['send', '-c', 'acme', '--endpoint', endpoint, '--rate', '0', '--progress', 'log', path, ...args], {
      environment: { HOME: folder, ...environment },
    });
  const end = () => void sandbox.kill('SIGKILL');
  return {
    folder,
    database,
    file,
    endpoint,
    url,
    jobUrl,
    send,
    end,
    query: (text: string) => server.query(database, text),
  };
}

const summaryOf = (run: Run): { jobs: { cap: { used: number } }[] } => JSON.parse(run.stdout);

describe.skipIf(server === null)('a state in PostgreSQL', () => {
  it('counts what runs without a common folder use, and says where a new ledger begins', async () => {
    const { file, url, send, end, folder, query } = await world();
    const first = await send(await file('a.csv', 30), ['--state-url', url]);
    expect(first).toMatchObject({ status: 0 });
    expect(first.stderr).toMatch(
      /code=ledger-new .*a new ledger of the cap for acme is created in 127\.0\.0\.1:\d+\/test_/,
    );
    const withPassword = url.replace('postgres@', 'postgres:sesam@');
    const second = await send(await file('b.csv', 20), ['--json'], { PROFILE_DRIP_STATE_URL: withPassword });
    expect(summaryOf(second).jobs[0]?.cap.used).toBe(50);
    expect(second.stderr + second.stdout).not.toContain('sesam');
    const path = join(folder, 'url');
    await writeFile(path, `${withPassword}\n`);
    await chmod(path, 0o600);
    const status = await runProgram(['status', '--json', '--state-url-file', path], { environment: { HOME: folder } });
    expect(JSON.parse(status.stdout).ledgers[0]).toMatchObject({ client_code: 'acme', loopback: true, used: 50 });
    await query('UPDATE profile_drip.ledger SET used = used + 1');
    const damaged = await send(await file('c.csv', 1), ['--state-url', url]);
    expect(damaged).toMatchObject({ status: 6, stderr: expect.stringContaining('found it damaged') });
    end();
  });

  it('gives an administrator the SQL that a role without rights needs', async () => {
    const { file, url, jobUrl, send, end, query } = await world();
    const path = await file('a.csv', 3);
    const refused = await send(path, ['--state-url', jobUrl]);
    expect(refused.status).toBe(6);
    expect(refused.stderr).toContain('profile-drip state --print-sql');
    const sql = await runProgram(['state', '--print-sql']);
    expect(sql.status).toBe(0);
    await query(sql.stdout);
    const role = /job_\w+/.exec(jobUrl)?.[0] ?? '';
    for (const [, grant = ''] of sql.stdout.matchAll(/^-- (GRANT .*)$/gm)) await query(grant.replaceAll('ROLE', role));
    expect(await send(path, ['--state-url', jobUrl])).toMatchObject({ status: 0 });
    expect(url).not.toBe(jobUrl);
    end();
  });

  it('holds a run while it is away, and resumes by itself', { timeout: 60_000 }, async () => {
    const { file, url, endpoint, folder, end } = await world();
    const path = await file('a.csv', 400);
    const args = ['send', '-c', 'acme', '--endpoint', endpoint, '--rate', '100', '--progress', 'log', '--json', path];
    const child = startProgram([...args, '--state-url', url], { environment: { HOME: folder } });
    const done = ended(child);
    const says = (text: string) =>
      new Promise<void>((resolve) => {
        child.stderr?.on('data', (chunk: string) => chunk.includes(text) && resolve());
      });
    await says('event=started');
    const held = says('cannot be reached'); // the ledger's hold, or the memory's wait: the one that asks first
    await server?.kill();
    await held;
    await server?.start();
    const run = await done;
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/event=hold .*cause=state .*the state cannot be reached.* Last error: .*127\.0\.0\.1/);
    const used = summaryOf(run).jobs[0]?.cap.used ?? 0;
    expect(used).toBeGreaterThanOrEqual(400);
    end();
  });

  it('holds a run while its memory alone is away, and says so in the log and in status', {
    timeout: 60_000,
  }, async () => {
    const { file, url, endpoint, folder, end } = await world();
    const path = await file('a.csv', 6_000);
    let isMemoryAway = false;
    const relay = await startRelay({
      port: Number(new URL(url).port),
      fateOf: (text) => (isMemoryAway && text.includes('profile_drip.memory') ? 'before' : 'pass'),
    });
    const stateUrl = url.replace(/:\d+\//, `:${relay.port}/`);
    const args = ['send', '-c', 'acme', '--endpoint', endpoint, '--rate', '1000', '--progress', 'log', '--json', path];
    const options = { environment: { HOME: folder } };
    const child = startProgram([...args, '--changed-only', '--state-url', stateUrl], options);
    const done = ended(child);
    const says = (text: string) =>
      new Promise<void>((resolve) => {
        child.stderr?.on('data', (chunk: string) => chunk.includes(text) && resolve());
      });
    await says('event=started');
    const held = says('event=hold');
    isMemoryAway = true;
    await held;
    const status = await runProgram(['status', path, '--state-url', url, '--json'], options);
    expect(JSON.parse(status.stdout).jobs[0]).toMatchObject({ state: 'waiting', cause: 'state' });
    isMemoryAway = false;
    const run = await done;
    expect(run).toMatchObject({ status: 0, stderr: expect.stringMatching(/event=released .*cause=state/) });
    expect(run.stderr).toMatch(/event=hold .*cause=state .*Last error: the memory of --changed-only: 127\.0\.0\.1/);
    expect(run.stderr).not.toContain('code=state-away');
    expect(JSON.parse(run.stdout).jobs[0].rows).toMatchObject({ submitted: 6_000 });

    // It does not come back.
    const last = startProgram([...args, '--restart', '--give-up', '1', '--state-url', stateUrl], options);
    const stopped = ended(last);
    await new Promise<void>((resolve) => {
      last.stderr?.on('data', (chunk: string) => chunk.includes('event=started') && resolve());
    });
    isMemoryAway = true;
    expect(await stopped).toMatchObject({ status: 6, stderr: expect.stringContaining('(--give-up)') });
    end();
  });

  it('stops resumably after --give-up, before a run and in it', { timeout: 60_000 }, async () => {
    const { file, url, send, end } = await world();
    const path = await file('a.csv', 5);
    const nowhere = url.replace(/:\d+\//, ':1/');
    const stopped = await send(path, ['--state-url', nowhere, '--give-up', '0.5']);
    expect(stopped.status).toBe(6);
    expect(stopped.stderr).toMatch(/code=state-away .*ECONNREFUSED/);
    expect(stopped.stderr).toContain('could not be used for 0.5 s (--give-up)');
    expect(await runProgram(['status', '--state-url', nowhere])).toMatchObject({ status: 6 });
    expect(await send(path, ['--state-url', url])).toMatchObject({ status: 0 });
    end();
  });

  it('takes over what a folder has counted, once, and the folder is refused from then on', {
    timeout: 60_000,
  }, async () => {
    const { file, url, send, folder, end, query } = await world();
    const state = join(folder, 'state');
    expect(await send(await file('a.csv', 40), ['--state-dir', state])).toMatchObject({ status: 0 });
    expect(await send(await file('b.csv', 7), ['--state-url', url])).toMatchObject({ status: 0 });
    const copy = () => runProgram(['state', 'copy', '--from', state, '--to', url]);
    const copied = await copy();
    expect(copied).toMatchObject({ status: 0 });
    expect(copied.stdout).toContain('copied: acme (loopback endpoints), 47 updates count as used now');
    expect((await copy()).stdout).toContain('47 updates');
    // What was in flight under the folder's marks may still arrive: the memory in the database knows of it.
    const [memory] = await query('SELECT is_made, all_until_ms > home_ms + 3600000 AS doubts FROM profile_drip.memory');
    expect(memory).toEqual({ is_made: false, doubts: true });
    const moved = await send(await file('c.csv', 1), ['--state-dir', state]);
    expect(moved.status).toBe(6);
    expect(moved.stderr).toContain('was moved to the database');
    expect(await runProgram(['status', '--state-dir', state])).toMatchObject({ status: 6 });
    const next = await send(await file('d.csv', 3), ['--state-url', url, '--json']);
    expect(summaryOf(next).jobs[0]?.cap.used).toBe(50);
    expect(await query('SELECT used FROM profile_drip.ledger')).toEqual([{ used: '50' }]);
    end();
  });

  it('is not used after a restore, until somebody says what it may have missed', { timeout: 60_000 }, async () => {
    const { file, url, send, end, query } = await world();
    expect(await send(await file('a.csv', 4), ['--state-url', url])).toMatchObject({ status: 0 });
    await query("UPDATE profile_drip.ledger SET timeline = '0000000A', name = 'real/acme'");
    const environment = { PROFILE_DRIP_STATE_URL: url };
    const status = await runProgram(['status'], { environment });
    expect(status.status).toBe(6);
    expect(status.stderr).toContain('profile-drip state accept --used N');
    const accepted = await runProgram(['state', 'accept', '--used', '1000', '-c', 'acme'], { environment });
    expect(accepted).toMatchObject({ status: 0, stdout: 'accepted: acme, 1,004 updates count as used now\n' });
    expect((await runProgram(['status'], { environment })).stdout).toContain('1,004 of 1,000,000 updates used');
    end();
  });

  it('remembers what was submitted, for all machines, and forgets it', { timeout: 60_000 }, async () => {
    const { file, url, send, end, folder, query, endpoint } = await world();
    const path = await file('a.csv', 600);
    const state = ['--state-url', url, '--json', '--restart'];
    const rowsOf = (run: Run) => (JSON.parse(run.stdout) as { jobs: { rows: unknown }[] }).jobs[0]?.rows;
    const first = await send(path, ['--changed-only', ...state]);
    expect(first).toMatchObject({ status: 0 });
    expect(rowsOf(first)).toMatchObject({ submitted: 600, unchanged: 0 });
    // Another machine, with nothing but the file and the URL.
    const elsewhere = await temporaryFolder();
    const again = ['--changed-only', '--out', elsewhere, ...state];
    expect(rowsOf(await send(path, again, { HOME: elsewhere }))).toMatchObject({ submitted: 0, unchanged: 600 });
    const look = ['check', '-c', 'acme', '--endpoint', endpoint, '--changed-only', '--state-url', url, '--json', path];
    const checked = await runProgram(look, { environment: { HOME: elsewhere } });
    expect(JSON.parse(checked.stdout).files[0]).toMatchObject({ plan: { updates: 0 } });
    // A plain send of other values keeps it true.
    await writeFile(join(folder, 'b.csv'), 'batch=thirdPartyId,tier\nv3,2\nv4,2\n');
    expect(rowsOf(await send(join(folder, 'b.csv'), state))).toMatchObject({ submitted: 2 });
    expect(rowsOf(await send(path, again))).toMatchObject({ submitted: 2, unchanged: 598 });
    // A restored copy is refused by the memory too, and in doubt as a whole once it is accepted.
    await query("UPDATE profile_drip.memory SET timeline = '0000000A'");
    const restored = await send(path, again);
    expect(restored).toMatchObject({ status: 6, stderr: expect.stringContaining('the memory of --changed-only') });
    const accepted = await runProgram(['state', 'accept', '--used', '0', '--state-url', url], {
      environment: { HOME: folder },
    });
    expect(accepted).toMatchObject({ status: 0 });
    expect(rowsOf(await send(path, again))).toMatchObject({ submitted: 600, unchanged: 0 });
    const forgotten = await send(path, [...again, '--forget']);
    expect(rowsOf(forgotten)).toMatchObject({ submitted: 600, unchanged: 0 });
    expect(await query('SELECT count(*) AS old FROM profile_drip.old_memory')).toEqual([{ old: '0' }]);
    expect(await query('SELECT count(*) AS visitors FROM profile_drip.visitor')).toEqual([{ visitors: '600' }]);
    end();
  });

  it('refuses a password where others can read it, two places, and what it does not keep', async () => {
    const folder = await temporaryFolder();
    const config = join(folder, 'config.json');
    await writeFile(config, '{"state-url": "postgres://me:sesam@127.0.0.1/cap"}');
    const refusal = async (...args: string[]) => {
      const run = await runProgram(['send', '-c', 'acme', 'x.csv', ...args], { environment: { HOME: folder } });
      expect(run.stderr).not.toContain('sesam');
      return run;
    };
    const inUrl = 'postgres://me:sesam@127.0.0.1/cap';
    expect(await refusal('--state-url', inUrl)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('PGPASSWORD'),
    });
    const inQuery = 'postgres://me@127.0.0.1/cap?password=sesam';
    expect(await refusal('--state-url', inQuery)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('PGPASSWORD'),
    });
    expect(await refusal('--config', config)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('PGPASSWORD'),
    });
    expect(await refusal('--state-url', 'postgres://me:sesam@h:x/y')).toMatchObject({ status: 2 });
    const plain = 'postgres://me@127.0.0.1/cap';
    const both = await refusal('--state-url', plain, '--state-dir', folder);
    expect(both).toMatchObject({ status: 2, stderr: expect.stringContaining('contradict each other') });
    const keyFile = await refusal('--state-dir', folder, '--memory-key-file', config);
    expect(keyFile).toMatchObject({ status: 2, stderr: expect.stringContaining('a folder keeps a key of its own') });
    const short = await refusal('--state-url', plain, '--memory-key-file', config, '--changed-only');
    expect(short).toMatchObject({ status: 2 });
    const shown = await runProgram(['send', '--print-config'], { environment: { PROFILE_DRIP_STATE_URL: inUrl } });
    expect(shown).toMatchObject({ status: 0, stdout: expect.stringContaining('postgres://me@127.0.0.1/cap') });
    expect(shown.stdout).not.toContain('sesam');
    expect(await readFile(config, 'utf8')).toContain('sesam');
  });
});
