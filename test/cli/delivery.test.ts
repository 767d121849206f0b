import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSandbox } from '../../src/index.js';
import { temporaryFolder } from '../support/index.js';
import { runProgram } from './support/run-program.js';

describe('the Delivery API, by the program', () => {
  it('creates the visitors that single updates did not find', async () => {
    const sandbox = await startSandbox({ known: ['v1'] });
    onTestFinished(() => sandbox.close());
    const folder = await temporaryFolder();
    const file = join(folder, 'night.csv');
    await writeFile(file, 'batch=thirdPartyId,tier\nv1,gold\nv2,silver\n');
    const common = ['-c', 'acme', '--endpoint', sandbox.url, '--state-dir', join(folder, 'state')];
    expect((await runProgram(['send', file, ...common])).status).toBe(0);
    expect([sandbox.profile('v1'), sandbox.profile('v2')]).toEqual([{ tier: 'gold' }, null]);

    const missing = join(folder, 'not-found.csv');
    await writeFile(missing, 'batch=thirdPartyId,tier\nv2,silver\n');
    const delivery = ['--route', 'delivery', '--delivery-cap', '10'];
    const sent = await runProgram(['send', missing, ...common, ...delivery, '--json']);
    expect(sent.status).toBe(0);
    expect(sent.stderr).toContain('code=delivery');
    expect(JSON.parse(sent.stdout).jobs[0].cap).toMatchObject({ limit: 10, used: 1 });
    expect(sandbox.profile('v2')).toEqual({ tier: 'silver' });

    const status = await runProgram(['status', '--state-dir', join(folder, 'state'), '--json']);
    const ledgers: { kind: string; used: number }[] = JSON.parse(status.stdout).ledgers;
    expect(ledgers.map(({ kind, used }) => [kind, used])).toEqual([
      ['delivery', 1],
      ['update', 2],
    ]);
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
