import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listen, temporaryFolder } from '../support/index.js';
import { runProgram } from './support/run-program.js';

/** `check` and `send --dry-run` of the built program: what they say, and that nothing is sent or written. */

const header = 'batch=thirdPartyId,city,note\n';
const sixRows = `${header}1,Z%C3%BCrich,a\n2,Bern,\n3,,\n,Basel,b\n5,Genf,100%\n2,Thun,hush\n`;
const noHeader = 'no header of ours\n1\n';

async function trial(files: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const run = (...args: string[]) => runProgram([...args, '--state-dir', join(folder, 'state')], { folder });
  return { run, names: () => readdirSync(folder).sort() };
}

describe('check', () => {
  it('says what would be sent, what would not and why, and ends with 1', async () => {
    const { run, names } = await trial({ 'six.csv': sixRows });
    const { status, stdout, stderr } = await run('check', 'six.csv');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^six\.csv: 2 of 6 rows would not be sent\n/);
    expect(stdout).toMatch(/^ {2}3 {2}sendable /m);
    expect(stdout).toMatch(/^ {2}1 {2}skipped /m);
    expect(stdout).toMatch(/^ {2}1 {2}id-empty +line 5: /m);
    expect(stdout).toMatch(/^ {2}1 {2}percent-broken +line 6: /m);
    expect(stdout).toMatch(/^Visitors: +2, 1 of them in more than one row$/m);
    expect(`${stdout}${stderr}`).not.toMatch(/Bern|Genf|hush/);
    expect(names()).toEqual(['six.csv']);
  });

  it('ends with 0 where all is fine or tolerated', async () => {
    const { run } = await trial({ 'six.csv': sixRows, 'one.csv': `${header}1,Bern,a\n` });
    expect(await run('check', 'one.csv')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^one\.csv: all fine, 1 row\n/),
    });
    expect((await run('check', 'six.csv', '--tolerate', '2')).status).toBe(0);
    expect((await run('check', 'six.csv', '--tolerate', '1')).status).toBe(1);
  });

  it('with --json says it all in one object, every file at fault by name', async () => {
    const { run } = await trial({ 'six.csv': sixRows, 'strange.csv': noHeader });
    const { status, stdout } = await run('check', '--json', '--progress', 'none', 'six.csv', 'strange.csv', 'gone.csv');
    expect(status).toBe(2);
    const { files, error, exit_status } = JSON.parse(stdout);
    expect(exit_status).toBe(2);
    expect(error.code).toBe('header-id-column');
    expect(error.message).toContain('strange.csv: ');
    expect(error.message).toContain('gone.csv: ');
    expect(files.map(({ file }: { file: string }) => file)).toEqual(['six.csv', 'strange.csv', 'gone.csv']);
    expect(files[0]).toMatchObject({
      rows: { total: 6, sendable: 3, skipped: 1, unchanged: 0, invalid: 2 },
      visitors: 2,
      repeated_visitors: 1,
      problems: [
        { code: 'id-empty', count: 1, examples: [{ row: 4, line: 5 }] },
        { code: 'percent-broken', count: 1, examples: [{ row: 5, line: 6 }] },
      ],
    });
  });

  it('of several files says what they come to together', async () => {
    const { run } = await trial({ 'a.csv': sixRows, 'b.csv': sixRows });
    expect((await run('check', 'a.csv', 'b.csv')).stdout).toMatch(
      /\n2 files: 12 rows, 4 would not be sent; 6 updates done at /,
    );
  });

  it('without a file, or with an option of send alone, is a mistake of the call', async () => {
    const { run } = await trial({ 'six.csv': sixRows });
    for (const args of [['check'], ['check', '--restart', 'six.csv']]) {
      const { status, stdout, stderr } = await run(...args);
      expect(status).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^profile-drip: /);
    }
  });
});

describe('send --dry-run', () => {
  it('shows the first requests without ids and values, and sends nothing', async () => {
    const { url: endpoint, server } = await listen(() => {});
    let connectionCount = 0;
    server.on('connection', () => {
      connectionCount += 1;
    });
    const { run, names } = await trial({ 'six.csv': sixRows });
    const args = ['send', '--dry-run', '--client-code', 'acme', '--endpoint', endpoint, 'six.csv'];
    const { status, stdout } = await run(...args);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^six\.csv: 2 of 6 rows would not be sent\n/);
    expect(stdout).toContain(`six.csv, row 6, line 7:\n  POST ${endpoint}/m2/acme/profile/update\n`);
    expect(stdout).toContain('\n  mbox3rdPartyId=…&profile.city=…&profile.note=…\n');
    expect(stdout).toMatch(/Nothing was sent\. --show-values shows the ids and values too\.\n$/);
    expect(stdout).not.toMatch(/Bern|hush/);

    const shown = await run(...args, '--show-values');
    expect(shown.stdout).toContain('\n  mbox3rdPartyId=2&profile.city=Thun&profile.note=hush\n');
    expect(connectionCount).toBe(0);
    expect(names()).toEqual(['six.csv']);
  });
});
