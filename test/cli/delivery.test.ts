import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSandbox } from '../../src/index.js';
import { temporaryFolder } from '../support/index.js';
import { runProgram } from './support/run-program.js';

/** A sandbox that knows visitors, and a file for it. */
async function night(content: string, known: readonly string[]) {
  const sandbox = await startSandbox({ known: [...known, 'somebody'] });
  onTestFinished(() => sandbox.close());
  const folder = await temporaryFolder();
  const file = join(folder, 'night.csv');
  await writeFile(file, content);
  const common = ['-c', 'acme', '--endpoint', sandbox.url, '--state-dir', join(folder, 'state')];
  return { sandbox, folder, file, common };
}

/** The rows of a report, as if they had ended 25 hours before: what is younger than a day may still be applied. */
async function makeOlder(results: string): Promise<void> {
  const report = await readFile(results, 'utf8');
  const older = report.replaceAll(/20\d\d-[^,]*Z/g, (time) => new Date(Date.parse(time) - 90_000_000).toISOString());
  await writeFile(results, older);
}

describe('the Delivery API, by the program', () => {
  it('closes the loop: verify finds who is missing, --route delivery creates them, and verify finds all', async () => {
    const { sandbox, folder, file, common } = await night('batch=thirdPartyId,tier\nv1,gold\nv2,silver\nv3,red\n', [
      'v1',
    ]);
    const verify = ['verify', file, ...common, '--sample', 'all', '--rate', '0', '--json'];
    const delivery = ['--route', 'delivery', '--delivery-cap', '10', '--changed-only'];
    expect((await runProgram(['send', file, ...common, '--changed-only'])).status).toBe(0);
    expect([sandbox.profile('v1'), sandbox.profile('v2')]).toEqual([{ tier: 'gold' }, null]);

    await makeOlder(`${file}.results.csv`);
    const before = await runProgram(verify);
    expect(before.status).toBe(1);
    const { verdicts, files } = JSON.parse(before.stdout).files[0];
    expect(verdicts).toMatchObject({ applied: 1, 'not-found': 2 });
    const sent = await runProgram(['send', files.not_found, ...common, ...delivery, '--json']);
    expect(sent.status).toBe(0);
    expect(sent.stderr).toContain('code=delivery');
    const [job] = JSON.parse(sent.stdout).jobs;
    expect(job).toMatchObject({ routes: { update: 0, delivery: 2 }, cap: { limit: 10, used: 2 } });
    expect(sandbox.profile('v3')).toEqual({ tier: 'red' });

    const after = await runProgram(verify);
    expect(after.status).toBe(0);
    expect(JSON.parse(after.stdout).files[0].verdicts).toMatchObject({ applied: 3, 'not-found': 0 });

    // Both routes share the memory: the next night sends nothing of it.
    const next = join(folder, 'next.csv');
    await writeFile(next, 'batch=thirdPartyId,tier\nv1,gold\nv2,silver\nv3,red\n');
    const again = await runProgram(['send', next, ...common, '--changed-only', '--json']);
    expect(JSON.parse(again.stdout).jobs[0].rows).toMatchObject({ unchanged: 3, submitted: 0 });

    const status = await runProgram(['status', '--state-dir', join(folder, 'state'), '--json']);
    const ledgers: { kind: string; used: number }[] = JSON.parse(status.stdout).ledgers;
    expect(Object.fromEntries(ledgers.map(({ kind, used }) => [kind, used]))).toEqual({
      delivery: 2,
      fetch: 6,
      update: 3,
    });
  }, 90_000); // six processes

  it('keeps a visitor of another file on updates, whose update of an hour ago the memory knows', async () => {
    const { sandbox, folder, file, common } = await night('batch=thirdPartyId,tier\nv1,gold\n', ['v1']);
    expect((await runProgram(['send', file, ...common, '--changed-only'])).status).toBe(0);
    const next = join(folder, 'next.csv');
    await writeFile(next, 'batch=thirdPartyId,tier\nv1,red\nv2,blue\n');
    const onCap = ['--on-cap', 'delivery', '--delivery-cap', '5', '--daily-cap', '1', '--max-duration', '4'];
    const run = await runProgram(['send', next, ...common, '--changed-only', ...onCap, '--json']);
    expect(run.status).toBe(7);
    expect(JSON.parse(run.stdout).jobs[0]).toMatchObject({
      rows: { submitted: 1 },
      routes: { update: 0, delivery: 1 },
    });
    expect([sandbox.profile('v1'), sandbox.profile('v2')]).toEqual([{ tier: 'gold' }, { tier: 'blue' }]);
  });

  it('is what drop can send by as well', async () => {
    const { sandbox, folder, common } = await night('batch=thirdPartyId,tier\nv1,gold\n', []);
    const drop = join(folder, 'drop');
    await mkdir(drop);
    await writeFile(join(drop, 'a.csv'), 'batch=thirdPartyId,tier\nv7,gold\n');
    const run = await runProgram([
      'drop',
      drop,
      ...common,
      '--route',
      'delivery',
      '--delivery-cap',
      '5',
      '--settle',
      '0',
    ]);
    expect(run.status).toBe(0);
    expect(sandbox.requests().map(({ url }) => url.split('?')[0])).toEqual(['/rest/v1/delivery']);
    expect(sandbox.profile('v7')).toEqual({ tier: 'gold' });
  });

  it('needs --delivery-cap', async () => {
    const run = await runProgram(['send', 'a.csv', '-c', 'acme', '--route', 'delivery']);
    expect(run).toMatchObject({ status: 2 });
    expect(run.stderr).toContain('--delivery-cap');
  });

  it('shows with --dry-run one request of each route, and how many rows go which way', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'a.csv');
    await writeFile(file, 'batch=thirdPartyId,tier\nv1,gold\nv2,silver\nv1,red\nv3,blue\n');
    const options = ['--on-cap', 'delivery', '--delivery-cap', '5', '--daily-cap', '2', '--state-dir', folder];
    const run = await runProgram(['send', file, '-c', 'acme', ...options, '--dry-run', '--json']);
    const { files, requests } = JSON.parse(run.stdout);
    expect(files[0].plan).toMatchObject({ updates: 4, routes: { update: 3, delivery: 1 }, delivery_cap_left: 5 });
    expect(requests.slice(0, 2).map(({ route }: { route: string }) => route)).toEqual(['update', 'delivery']);
    const check = await runProgram(['check', file, '-c', 'acme', ...options]);
    expect(check.stdout).toContain('3 by update, 1 by Delivery');
  });
});
