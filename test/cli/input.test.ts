import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Listening, listen, temporaryFolder } from '../support/index.js';
import { runProgram, startProgram } from './support/run-program.js';

/** Standard input of one night after the other, with processes that are killed in the middle. */

const header = 'batch=thirdPartyId,city\n';
const rows = (name: string, count: number) =>
  header + Array.from({ length: count }, (_, index) => `${name}${index + 1},x\n`).join('');
const ids = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}${index + 1}`);
const takenReply =
  '<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>';

let folder = '';
let server: Listening;
let seen: string[] = [];
let answer: (id: string) => number | 'hang' = () => 200;

beforeEach(async () => {
  folder = await temporaryFolder();
  seen = [];
  answer = () => 200;
  server = await listen(async (request, response) => {
    const id = new URLSearchParams(await bodyOf(request)).get('mbox3rdPartyId') ?? '';
    seen.push(id);
    const status = answer(id);
    if (status === 'hang') return;
    response.statusCode = status;
    response.end(status === 200 ? takenReply : 'no');
  });
});

const args = (...rest: string[]) => [
  ...['send', '-', '--name', 'night', '--client-code', 'acme', '--endpoint', server.url, '--concurrency', '1'],
  ...['--rate', '0', '--state-dir', join(folder, 'state'), ...rest],
];

async function night(input: string, ...rest: string[]) {
  const run = await runProgram(args('--json', ...rest), { folder, input });
  return { ...run, summary: JSON.parse(run.stdout) };
}

/** Starts a night, and kills it when `id` has come in and the rows before it have their result lines. */
async function killedNight(input: string, id: string): Promise<void> {
  const child = startProgram(args(), { folder, input });
  const killWhenWritten = (lineCount: number) => {
    const isWritten = readFileSync(join(folder, 'night.results.csv'), 'utf8').split('\n').length - 2 === lineCount;
    if (isWritten) child.kill('SIGKILL');
    else setImmediate(killWhenWritten, lineCount);
  };
  answer = (found) => {
    if (found !== id) return 200;
    killWhenWritten(seen.length - 1);
    return 'hang';
  };
  child.stdout?.resume();
  child.stderr?.resume();
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  answer = () => 200;
}

const names = () => readdirSync(folder).filter((name) => name !== 'state');
const spools = () => names().filter((name) => name.includes('.spool'));

describe('standard input after a killed night', () => {
  it('with other content: the open job is finished first, then the new one is done; both are told', async () => {
    await killedNight(rows('mon', 5), 'mon3');
    expect(spools()).toEqual(['night.spool']);
    const { status, summary } = await night(rows('tue', 2));
    expect(status).toBe(0);
    expect(seen).toEqual(['mon1', 'mon2', 'mon3', 'mon3', 'mon4', 'mon5', 'tue1', 'tue2']);
    expect(summary.jobs.map((job: { rows: { submitted: number } }) => job.rows.submitted)).toEqual([5, 2]);
    expect(spools()).toEqual([]);
    // The paths that are told are those under which the files are now.
    const [first, second] = summary.jobs;
    expect(readFileSync(join(folder, first.files.results), 'utf8')).toContain(',mon5,submitted');
    expect(readFileSync(join(folder, second.files.results), 'utf8')).toContain(',tue2,submitted');
  });

  it.each([
    ['identical', () => rows('mon', 5)],
    ['empty', () => ''],
  ])('that is %s: the open job is resumed, no row is sent twice but what was in flight', async (_, input) => {
    await killedNight(rows('mon', 5), 'mon3');
    const { status, summary } = await night(input());
    expect(status).toBe(0);
    expect(seen).toEqual(['mon1', 'mon2', 'mon3', 'mon3', 'mon4', 'mon5']);
    expect(summary.jobs).toHaveLength(1);
    expect(spools()).toEqual([]);
  });

  it('where the open job stops: its status, and the new input is said not to be taken', async () => {
    await killedNight(rows('mon', 5), 'mon3');
    answer = () => 407;
    const { status, summary, stderr } = await night(rows('tue', 2));
    expect(status).toBe(3);
    expect(summary.error.message).toContain('The new standard input was not taken');
    expect(stderr).toContain('was not taken');
    expect(spools()).toEqual(['night.spool']);
    answer = () => 200;
    seen = [];
    expect((await night(rows('tue', 2))).status).toBe(0);
    expect(seen).toEqual(['mon3', 'mon4', 'mon5', 'tue1', 'tue2']);
  });

  it('that was killed while it read its input: nothing of that is sent, and the next night is', async () => {
    const reading = startProgram(args(), { folder, inputOpen: true });
    reading.stdin?.write(rows('mon', 3));
    while (!spools().includes('night.spool.next')) await new Promise((resolve) => setImmediate(resolve));
    reading.kill('SIGKILL');
    await once(reading, 'close');
    expect(spools()).toEqual(['night.spool.next']);
    expect((await night(rows('tue', 2))).status).toBe(0);
    expect(seen).toEqual(['tue1', 'tue2']);
    expect(spools()).toEqual([]);
  });
});

describe('an input that cannot be used', () => {
  it('ends that night with 2, and no later one', async () => {
    expect((await night('ERROR 2002 (HY000): cannot connect\n')).status).toBe(2);
    expect(spools()).toEqual([]);
    writeFileSync(join(folder, 'night.spool'), 'ERROR 2002 (HY000): cannot connect\n', { mode: 0o600 }); // as a kill leaves it
    const { status, stderr } = await night(rows('tue', 2), '--progress', 'log');
    expect(status).toBe(0);
    expect(stderr).toContain('spool-dropped');
    expect(seen).toEqual(['tue1', 'tue2']);
    expect(spools()).toEqual([]);
  });

  it('ends a night with 2 also after nights that were done, and no later one', async () => {
    expect((await night(rows('mon', 2))).status).toBe(0);
    expect((await night('ERROR 2002 (HY000): cannot connect\n')).status).toBe(2);
    expect((await night(rows('tue', 2))).status).toBe(0);
    expect(seen).toEqual([...ids('mon', 2), ...ids('tue', 2)]);
  });

  it.each([[[]], [['--on-changed', 'supersede']], [['--restart']]])(
    'ends no open job: the next night finishes that and goes its way (%j)',
    async (options: string[]) => {
      await killedNight(rows('mon', 4), 'mon3');
      expect((await night('ERROR 2002 (HY000): cannot connect\n', ...options)).status).toBe(2);
      const { status } = await night(rows('tue', 2));
      expect(status).toBe(0);
      expect(seen).toEqual([...ids('mon', 3), 'mon3', 'mon4', ...ids('tue', 2)]);
      expect(spools()).toEqual([]);
    },
  );

  const broken = `${rows('mon', 2)}"mon3,x\n`;

  it('that breaks at a line is resumed there once it comes corrected', async () => {
    expect((await night(broken)).status).toBe(2);
    const { status, summary } = await night(rows('mon', 4));
    expect(status).toBe(0);
    expect(seen).toEqual(ids('mon', 4));
    expect(summary.jobs).toMatchObject([{ complete: true, rows: { submitted: 4 } }]);
  });

  it('from a line on is closed where other content comes, which is sent', async () => {
    expect((await night(broken)).status).toBe(2);
    const { status, summary } = await night(rows('tue', 2));
    expect(status).toBe(2);
    expect(seen).toEqual([...ids('mon', 2), 'tue1', 'tue2']);
    expect(summary.jobs.map(({ complete }: { complete: boolean }) => complete)).toEqual([false, true]);
    expect(summary.error.message).toContain('the new input was taken');
    expect(spools()).toEqual([]);
  });

  it.each([
    ['other', () => rows('wed', 2), ['wed1', 'wed2']],
    ['no', () => '', []],
  ])(
    'from a line on, and the run was killed as it took the next: with %s input that one is sent',
    async (_, input, more) => {
      expect((await night(broken)).status).toBe(2);
      writeFileSync(join(folder, 'night.spool'), rows('tue', 2), { mode: 0o600 }); // as the kill leaves it
      expect((await night(input())).status).toBe(0);
      expect(seen).toEqual([...ids('mon', 2), ...ids('tue', 2), ...more]);
      expect(spools()).toEqual([]);
    },
  );

  it('that breaks at a line is kept if what comes next is not a usable input either', async () => {
    expect((await night(broken)).status).toBe(2);
    expect((await night('ERROR 2002 (HY000): cannot connect\n')).status).toBe(2);
    expect((await night(rows('mon', 4))).status).toBe(0);
    expect(seen).toEqual(ids('mon', 4));
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
