import { chownSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { withChecksum } from '../../src/job/files/checkpoint.js';
import { type Listening, listen, temporaryFolder } from '../support/index.js';
import { ended, runProgram, startProgram } from './support/run-program.js';

/** Files that somebody planted under a job's names, and job files that were changed, as the built program takes them. */

const takenReply =
  '<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>';
const fileText = 'batch=thirdPartyId,city\nv1,x\nv2,x\nv3,x\nv4,x\n';

let folder = '';
let home = '';
let server: Listening;
let seen: string[] = [];
/** Called instead of an answer. */
let onThird: (() => void) | null = null;

beforeEach(async () => {
  folder = await temporaryFolder();
  home = await temporaryFolder();
  writeFileSync(join(home, 'bashrc'), 'precious', { mode: 0o600 });
  writeFileSync(join(folder, 'a.csv'), fileText);
  seen = [];
  onThird = null;
  server = await listen(async (request, response) => {
    const id = new URLSearchParams(await bodyOf(request)).get('mbox3rdPartyId') ?? '';
    if (seen.length === 2 && onThird !== null) {
      onThird();
      return;
    }
    seen.push(id);
    response.end(takenReply);
  });
});

const options = () => [
  ...['--client-code', 'acme', '--endpoint', server.url, '--concurrency', '1', '--rate', '0'],
  ...['--state-dir', join(home, 'state')],
];
const send = (...rest: string[]) => runProgram(['send', ...options(), ...rest], { folder });
const drop = (...rest: string[]) => runProgram(['drop', folder, '--settle', '0', ...options(), ...rest], { folder });

function expectPrecious(): void {
  expect(readFileSync(join(home, 'bashrc'), 'utf8')).toBe('precious');
  expect(readdirSync(home).filter((name) => name !== 'state')).toEqual(['bashrc']);
}

async function expectForeign(run: Promise<{ status: number | null; stderr: string }>, name: string): Promise<void> {
  const { status, stderr } = await run;
  expect(stderr).toContain(name);
  expect(stderr).toMatch(/expected a (?:regular file|folder).*, found .* Nothing was read from it or written to it\./);
  expect(status).toBe(2);
  expect(seen).toEqual([]);
  expectPrecious();
}

describe('a link planted under the name of a job file', () => {
  it.each(['results.csv', 'checkpoint.json', 'lock'])('is refused, and nothing goes through it: %s', async (kind) => {
    symlinkSync(join(home, 'bashrc'), join(folder, `a.csv.${kind}`));
    await expectForeign(send('a.csv'), `a.csv.${kind}`);
  });

  it.each(['results.csv', 'checkpoint.json', 'lock'])('to nowhere is told as well: %s', async (kind) => {
    symlinkSync(join(home, 'nowhere'), join(folder, `a.csv.${kind}`));
    await expectForeign(send('a.csv'), `a.csv.${kind}`);
  });

  it('that is a hard link is refused', async () => {
    linkSync(join(home, 'bashrc'), join(folder, 'a.csv.results.csv'));
    await expectForeign(send('a.csv'), 'a.csv.results.csv');
  });

  it('in the place of what is replaced whole gets nothing', async () => {
    for (const kind of ['summary.json', 'rejects.csv', 'report.html'])
      symlinkSync(join(home, 'bashrc'), join(folder, `a.csv.${kind}`));
    expect((await send('a.csv')).status).toBe(0);
    expect((await runProgram(['report', 'a.csv'], { folder })).status).toBe(0);
    expectPrecious();
  });

  it('as a spool is not sent', async () => {
    symlinkSync(join(home, 'bashrc'), join(folder, 'night.spool'));
    const run = runProgram(['send', '-', '--name', 'night', ...options()], { folder, input: fileText });
    await expectForeign(run, 'night.spool');
    expect(readdirSync(folder).sort()).toEqual(['a.csv', 'night.spool']);
  });
});

describe.runIf(process.geteuid?.() === 0)('a file of another user under the name of a job file', () => {
  const plant = (path: string, text: string) => {
    writeFileSync(path, text, { mode: 0o644 });
    chownSync(path, 12345, 12345);
  };

  it.each(['results.csv', 'checkpoint.json', 'lock'])('is refused: %s', async (kind) => {
    plant(join(folder, `a.csv.${kind}`), 'theirs');
    await expectForeign(send('a.csv'), `a.csv.${kind}`);
  });

  it('is refused as a spool', async () => {
    plant(join(folder, 'night.spool'), 'batch=thirdPartyId,city\nevil,x\n');
    await expectForeign(
      runProgram(['send', '-', '--name', 'night', ...options()], { folder, input: fileText }),
      'night.spool',
    );
  });

  it("is refused as drop's plan, and moves nothing", async () => {
    mkdirSync(join(folder, '.profile-drip'));
    const plan = { name: 'a.csv', stem: 'a.csv', print: 'x', target: { name: 'bashrc', stem: 'b' }, text: 'theirs' };
    plant(join(folder, '.profile-drip', '.failed.json'), JSON.stringify(plan));
    await expectForeign(drop(), '.failed.json');
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toBe(fileText);
  });
});

describe('a drop folder', () => {
  it.each(['failed', 'archive', '.profile-drip'])('whose %s is a link is refused', async (name) => {
    symlinkSync(home, join(folder, name));
    await expectForeign(drop(), name);
  });

  it('does not take a path from a checkpoint, even from one with a right checksum', async () => {
    await send('a.csv', '--out', '.profile-drip');
    const path = join(folder, '.profile-drip', 'a.csv.checkpoint.json');
    const { checksum: _, ...checkpoint } = JSON.parse(readFileSync(path, 'utf8'));
    for (const changed of [
      { ...checkpoint, move: { role: 'archive', day: '2026-11-23', stem: 'a', file_name: '../../../bashrc' } },
      { ...checkpoint, move: { role: 'archive', day: `../../${home}`, stem: 'a', file_name: 'bashrc' } },
    ]) {
      writeFileSync(path, withChecksum(JSON.stringify(changed, null, 2)), { mode: 0o600 });
      const { status, stderr } = await drop();
      expect(status).toBe(2);
      expect(stderr).toContain('was changed or damaged');
      expectPrecious();
    }
    // One that was really started is finished, in the folders that are here.
    const move = { role: 'archive', day: '2026-11-23', stem: 'a.csv', file_name: 'a.csv' };
    writeFileSync(path, withChecksum(JSON.stringify({ ...checkpoint, move }, null, 2)), { mode: 0o600 });
    expect((await drop()).status).toBe(0);
    expect(readdirSync(join(folder, 'archive', '2026-11-23')).sort()).toEqual(
      ['', '.checkpoint.json', '.results.csv', '.summary.json'].map((end) => `a.csv${end}`),
    );
  });
});

describe('one changed digit in the checkpoint', () => {
  const path = () => join(folder, 'a.csv.checkpoint.json');

  async function stoppedJob(): Promise<string> {
    const child = startProgram(['send', ...options(), 'a.csv', '--grace', '0'], { folder });
    onThird = () => child.kill('SIGTERM');
    expect((await ended(child)).status).toBe(143);
    onThird = null;
    return readFileSync(path(), 'utf8');
  }

  it.each([
    ['its checksum as it was', (text: string) => text],
    [
      'a checksum that fits',
      (text: string) => {
        const { checksum: _, ...rest } = JSON.parse(text);
        return withChecksum(JSON.stringify(rest, null, 2));
      },
    ],
  ])('ends with 2 and what to do, no row is passed over: %s', async (_, sealed) => {
    const text = await stoppedJob();
    const nextByte = /"byte": (\d+)/.exec(text)?.[1] ?? '';
    const changed = text.replace(`"byte": ${nextByte}`, `"byte": ${Number(nextByte) + 2}`);
    expect(changed).not.toBe(text);
    writeFileSync(path(), sealed(changed));
    const run = await send('a.csv');
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(
      /a\.csv\.checkpoint\.json was changed or damaged: .* Put a good copy back, or .*--restart/,
    );
    expect(seen).toEqual(['v1', 'v2']);
    writeFileSync(path(), text);
    expect((await send('a.csv')).status).toBe(0);
    expect(seen).toEqual(['v1', 'v2', 'v3', 'v4']);
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
