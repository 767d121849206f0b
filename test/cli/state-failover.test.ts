import { spawnSync } from 'node:child_process';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { isPostgresMissing, type Postgres, startPostgres } from '../support/postgres.js';
import { ended, runProgram, startProgram } from './support/run-program.js';

/** Servers that fail over or are restored: real ones, made of copies of a data folder. */

async function world() {
  const folder = await temporaryFolder();
  const sandbox = startProgram(['sandbox']);
  const endpoint = await new Promise<string>((resolve) => {
    sandbox.stdout?.setEncoding('utf8').on('data', (text: string) => resolve(text.split('\n')[0] ?? ''));
  });
  const start = async (server: Postgres, name: string, rowCount: number, args: readonly string[] = []) => {
    const rows = Array.from({ length: rowCount }, (_, index) => `v${index},1\n`);
    await writeFile(join(folder, `${name}.csv`), `batch=thirdPartyId,tier\n${rows.join('')}`);
    const state = ['--state-url', server.url('postgres'), '--progress', 'log', '--changed-only', '--json'];
    const target = ['-c', 'acme', '--endpoint', endpoint, ...state, ...args];
    return startProgram(['send', join(folder, `${name}.csv`), ...target], { environment: { HOME: folder } });
  };
  const send = async (...given: Parameters<typeof start>) => ended(await start(...given));
  const state = (server: Postgres, ...args: string[]) =>
    runProgram([...args, '--state-url', server.url('postgres')], { environment: { HOME: folder } });
  /** Rows that a file's results tell of. */
  const sentOf = async (name: string) =>
    (await readFile(join(folder, `${name}.csv.results.csv`), 'utf8').catch(() => '')).split('submitted').length - 1;
  return { folder, start, send, state, sentOf, end: () => void sandbox.kill('SIGKILL') };
}

const usedBy = (json: string): number => JSON.parse(json).ledgers[0].used;

describe.skipIf(isPostgresMissing)('a state whose server', () => {
  it('fails over to a standby that lacks the last updates is refused until they are accepted', {
    timeout: 120_000,
  }, async () => {
    const { send, state, sentOf, end } = await world();
    const first = await startPostgres(['fsync=off']);
    expect(await send(first, 'a', 30)).toMatchObject({ status: 0 });
    await first.stop();
    await appendFile(join(first.dataFolder, 'standby.signal'), '');
    const second = await startPostgres(['fsync=off'], { copyOf: first.dataFolder });
    await rm(join(first.dataFolder, 'standby.signal'));
    await first.start();
    expect(await send(first, 'b', 20, ['--restart'])).toMatchObject({ status: 0 });
    await first.kill();

    // A standby serves nobody.
    const standby = await send(second, 'c', 5, ['--give-up', '0.3']);
    expect(standby).toMatchObject({ status: 6, stderr: expect.stringContaining('it is a standby') });
    await second.query('postgres', 'SELECT pg_promote()');
    const refused = await send(second, 'c', 5);
    expect(refused).toMatchObject({ status: 6, stderr: expect.stringMatching(/timeline 00000002 after 00000001/) });
    expect(refused.stderr).toContain('profile-drip state accept --used N');
    expect(await sentOf('c')).toBe(0);

    // For a real endpoint the missing ones count; for the sandbox nothing does.
    await second.query('postgres', "UPDATE profile_drip.ledger SET name = 'real/acme'");
    const accepted = await state(second, 'state', 'accept', '--used', '20');
    expect(accepted).toMatchObject({ status: 0, stdout: 'accepted: acme, 50 updates count as used now\n' });
    expect(usedBy((await state(second, 'status', '--json')).stdout)).toBe(50);
    // The memory is in doubt as a whole: nothing is called unchanged.
    expect(await send(second, 'c', 5)).toMatchObject({ status: 0 });
    expect(await sentOf('c')).toBe(5);
    end();
  });

  it('gets an older copy of its data back stops a run that is at work, and the run resumes once that is accepted', {
    timeout: 120_000,
  }, async () => {
    const { folder, start, send, state, sentOf, end } = await world();
    const server = await startPostgres(['fsync=off']);
    expect(await send(server, 'a', 30)).toMatchObject({ status: 0 });
    await server.stop();
    const backup = join(folder, 'backup');
    const copy = (from: string, to: string) => expect(spawnSync('cp', ['-a', from, to]).status).toBe(0);
    copy(server.dataFolder, backup);
    await server.start();

    const child = await start(server, 'b', 400, ['--rate', '20']);
    const done = ended(child);
    while ((await sentOf('b')) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    await server.stop();
    await rm(server.dataFolder, { recursive: true });
    copy(backup, server.dataFolder);
    await server.start();
    const stopped = await done;
    expect(stopped).toMatchObject({ status: 6, stderr: expect.stringMatching(/version \d+ after \d+/) });
    const sentBefore = await sentOf('b');
    expect(sentBefore).toBeGreaterThan(0);

    expect(await state(server, 'state', 'accept', '--used', '400')).toMatchObject({ status: 0 });
    expect(await send(server, 'b', 400, ['--rate', '0'])).toMatchObject({ status: 0 });
    expect(await sentOf('b')).toBe(400);
    end();
  });

  it('is another one takes what may be missing by kind of ledger, and refuses the kinds that were not accepted', {
    timeout: 120_000,
  }, async () => {
    const { send, state, end } = await world();
    const server = await startPostgres(['fsync=off']);
    expect(await send(server, 'a', 30)).toMatchObject({ status: 0 });
    await server.query(
      'postgres',
      `UPDATE profile_drip.ledger SET name = 'real/acme', server = '7';
       UPDATE profile_drip.bucket SET ledger = 'real/acme';
       INSERT INTO profile_drip.ledger SELECT 'real-fetch/acme', format, id, version, server, timeline, ledger_ms,
         counted_to_ms, high_ms, cap_limit, reserve, used, first_index, next_index, open FROM profile_drip.ledger;
       INSERT INTO profile_drip.bucket SELECT 'real-fetch/acme', index, number, units, used_at_ms, free_at_ms
         FROM profile_drip.bucket`,
    );
    const updates = await state(server, 'state', 'accept', '--used', '500', '--kind', 'update');
    expect(updates).toMatchObject({ status: 0, stdout: 'accepted: acme, 530 updates count as used now\n' });
    const half = await state(server, 'status', '--json');
    expect(half).toMatchObject({ status: 6, stderr: expect.stringContaining('another server keeps it') });
    const fetches = await state(server, 'state', 'accept', '--used', '0', '--kind', 'fetch');
    expect(fetches.stdout).toBe('accepted: acme, 30 fetches of visitors count as used now\n');
    const { ledgers } = JSON.parse((await state(server, 'status', '--json')).stdout);
    expect(ledgers).toMatchObject([
      { kind: 'fetch', used: 30 },
      { kind: 'update', used: 530 },
    ]);
    end();
  });
});
