import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';
import { runProgram } from './support/run-program.js';

/** Rejects from one round to the next, and from one night to the next, with the built program. */

let folder = '';
let sandbox: Sandbox;

beforeAll(async () => {
  const options = { knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 0 };
  sandbox = await startSandbox({ port: 0, ...options, clock: systemClock });
  atEndOfFile(() => sandbox.close());
});

beforeEach(async () => {
  folder = await temporaryFolder();
});

const options = () => [
  ...['--client-code', 'acme', '--endpoint', sandbox.url, '--rate', '0', '--json'],
  ...['--state-dir', join(folder, '.state')],
];
const put = (name: string, text: string) => writeFileSync(join(folder, name), `batch=thirdPartyId,city\n${text}`);
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const names = () => readdirSync(folder).filter((name) => name.includes('rejects'));
const sent = (id: string) => sandbox.profile('thirdPartyId', id, 'acme')?.city ?? null;

async function send(...args: string[]) {
  const run = await runProgram(['send', ...options(), ...args], { folder });
  return { ...run, summary: JSON.parse(run.stdout) };
}

describe('rejects', () => {
  it('have their reasons beside them, and rounds of them are numbered', async () => {
    put('a.csv', 'r1,%zz\nr2,x\nr1,y\nr3,%zz\n');
    expect((await send('a.csv')).status).toBe(1);
    expect(read('a.csv.rejects.csv')).toBe('batch=thirdPartyId,city\nr1,%zz\nr1,y\nr3,%zz\n');
    expect(read('a.csv.rejects.reasons.csv')).toMatch(
      /^line,row,status,reason\n2,1,invalid,"?percent-broken.*\n3,3,submitted,\n4,4,invalid,"?percent-broken.*\n$/,
    );
    put('a.csv.rejects.csv', 'r1,b\nr1,y\nr3,%zz\n');
    const second = await send('a.csv.rejects.csv');
    expect(second.status).toBe(1);
    expect(second.summary.jobs[0].files.rejects).toBe('a.csv.rejects-2.csv');
    expect(read('a.csv.rejects-2.csv')).toBe('batch=thirdPartyId,city\nr3,%zz\n');
    put('a.csv.rejects-2.csv', 'r3,c\n');
    expect((await send('a.csv.rejects-2.csv')).status).toBe(0);
    expect([sent('r1'), sent('r3')]).toEqual(['y', 'c']);
  });

  it('of a job that a later one followed are refused, until --allow-outdated', async () => {
    put('b.csv', 'o1,%zz\n');
    await send('b.csv');
    put('b.csv', 'o1,new\n');
    expect((await send('b.csv')).status).toBe(0);
    const kept = names().find((name) => name.endsWith('Z.rejects.csv')) ?? '';
    put(kept, 'o1,old\n');
    const refused = await send(kept);
    expect(refused.status).toBe(2);
    expect(refused.summary.error.code).toBe('rejects-outdated');
    // An editor that had the file open writes it under the old name.
    put('b.csv.rejects.csv', 'o1,old\n');
    expect((await send('b.csv.rejects.csv')).summary.error.code).toBe('rejects-outdated');
    expect(sent('o1')).toBe('new');
    expect((await send('--allow-outdated', kept)).status).toBe(0);
    expect(sent('o1')).toBe('old');
  });

  it('in the archive of a drop folder are refused once a later day has the file', async () => {
    const drop = () => runProgram(['drop', folder, '--settle', '0', ...options()], { folder });
    put('c.csv', 'd1,%zz\n');
    expect((await drop()).status).toBe(1);
    const [day = ''] = readdirSync(join(folder, 'archive'));
    const rejects = join('archive', day, 'c.csv.rejects.csv');
    put(rejects, 'd1,first\n');
    expect((await send(rejects)).status).toBe(0);
    put('c.csv', 'd1,second\n');
    expect((await drop()).status).toBe(0);
    put(rejects, 'd1,third\n');
    expect((await send(rejects)).summary.error.code).toBe('rejects-outdated');
    expect(sent('d1')).toBe('second');
  });

  it('that belong to no job known here are kept, with a word', async () => {
    put('e.csv', 'e1,x\n');
    put('e.csv.rejects.csv', 'e9,precious\n');
    const { status, stderr } = await send('e.csv', '--progress', 'log');
    expect(status).toBe(0);
    const [kept = '', ...others] = names();
    expect(others).toEqual([]);
    expect(read(kept)).toContain('precious');
    expect(stderr).toContain(kept);
  });
});
