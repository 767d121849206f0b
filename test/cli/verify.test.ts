import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { listen, temporaryFolder } from '../support/index.js';
import { ended, runProgram, startProgram } from './support/run-program.js';

/** `send --limit` and `verify` as they are typed, against a small server of Target's two sides. */

let folder: string;
let profiles: Map<string, Record<string, string>>;
let fetchCount: number;
/** After how many fetches no answer is given. */
let stallAfter: number;
let options: string[];
/** Set later than any submission. */
let modifiedAt: string | null;

beforeEach(async () => {
  folder = await temporaryFolder();
  profiles = new Map();
  fetchCount = 0;
  stallAfter = Number.POSITIVE_INFINITY;
  modifiedAt = null;
  const server = await listen(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.method === 'POST') {
      const form = [...new URLSearchParams(body)];
      const id = form[0]?.[1] ?? '';
      const own = Object.fromEntries(form.slice(1).map(([key, value]) => [key.slice('profile.'.length), value]));
      if (!id.startsWith('x')) profiles.set(id, { ...profiles.get(id), ...own });
      response.end('trueRequest successfully submitted');
      return;
    }
    fetchCount += 1;
    if (fetchCount > stallAfter) return;
    const id = decodeURIComponent(/thirdPartyId\/([^?]+)/.exec(request.url ?? '')?.[1] ?? '');
    const found = profiles.get(id);
    if (found === undefined) {
      const message = `No profile found for client acme with third party id=${id}`;
      response.writeHead(404).end(JSON.stringify({ status: 404, message }));
      return;
    }
    const profileAttributes = Object.fromEntries(
      Object.entries(found).map(([name, value]) => [name, { value, ...(modifiedAt === null ? {} : { modifiedAt }) }]),
    );
    response.end(JSON.stringify({ client: 'acme', visitorId: id, profileAttributes }));
  });
  options = ['--client-code', 'acme', '--endpoint', server.url, '--state-dir', join(folder, 'state')];
});

const rows = (count: number) =>
  `batch=thirdPartyId,tier\n${Array.from({ length: count }, (_, index) => `v${index + 1},gold\n`).join('')}`;

async function makeOld(name: string): Promise<void> {
  const path = join(folder, `${name}.results.csv`);
  const aged = (await readFile(path, 'utf8')).replace(/\d{4}(-\d\d-\d\dT[\d:.]+Z)/g, '2020$1');
  await writeFile(path, aged);
}

const run = (verb: string, ...more: string[]) => runProgram([verb, ...options, ...more], { folder });
const verdicts = async () =>
  (await readFile(join(folder, 'a.csv.verify.csv'), 'utf8'))
    .split('\n')
    .slice(1, -1)
    .map((line) => line.split(',').slice(2, 4).join(' '));

describe('send --limit', () => {
  it('ends with 7, says so, and sends as many more when it is given again', async () => {
    await writeFile(join(folder, 'a.csv'), rows(3));
    const first = await run('send', '--limit', '2', 'a.csv');
    expect(first.status).toBe(7);
    expect(first.stderr).toContain('--limit 2: no more rows are sent in this call');
    expect(first.stderr.trimEnd().split('\n').at(-1)).toContain('send --client-code acme');
    expect([...profiles.keys()]).toHaveLength(2);
    expect((await run('send', '--limit', '2', 'a.csv')).status).toBe(0);
    expect(profiles.size).toBe(3);
  });

  it('is taken from the command line alone', async () => {
    const found = await runProgram(['send', ...options, 'a.csv'], { folder, environment: { PROFILE_DRIP_LIMIT: '1' } });
    expect(found.status).toBe(2);
    expect(found.stderr).toContain('PROFILE_DRIP_LIMIT');
  });
});

describe('verify', () => {
  it('finds what is missing, changed and overwritten, and the next --changed-only run sends those', async () => {
    await writeFile(join(folder, 'a.csv'), `${rows(4)}x1,gold\n`);
    expect((await run('send', '--changed-only', 'a.csv')).status).toBe(0);
    await makeOld('a.csv');
    profiles.set('v2', {});
    profiles.set('v3', { tier: 'other' });
    modifiedAt = new Date(Date.now() - 3_600_000).toISOString();
    const end = await run('verify', '--json', '--tolerate', '2', 'a.csv');
    expect(end.status).toBe(0);
    expect(JSON.parse(end.stdout)).toMatchObject({
      schema: 1,
      exit_status: 0,
      error: null,
      files: [{ file: 'a.csv', asked: 5, visitors: 5, share_applied: null }],
    });
    expect((await verdicts()).sort()).toEqual([
      'v1 applied',
      'v2 different',
      'v3 overwritten',
      'v4 applied',
      'x1 not-found',
    ]);
    expect(await readFile(join(folder, 'a.csv.not-found.csv'), 'utf8')).toBe('batch=thirdPartyId,tier\nx1,gold\n');
    const again = await run('send', '--changed-only', '--restart', '--json', 'a.csv');
    expect(JSON.parse(again.stdout).jobs[0].rows).toMatchObject({ submitted: 3, unchanged: 2 });
  });

  it('killed, it resumes: each visitor has one line, and those that had one are not asked again', async () => {
    await writeFile(join(folder, 'a.csv'), rows(40));
    expect((await run('send', 'a.csv')).status).toBe(0);
    stallAfter = 15;
    const child = startProgram(['verify', ...options, '--rate', '0', '--concurrency', '1', 'a.csv'], { folder });
    while (fetchCount <= stallAfter) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await once(child, 'close');
    const doneCount = (await verdicts()).length;
    expect(doneCount).toBeGreaterThan(5);
    expect(doneCount).toBeLessThanOrEqual(15);
    stallAfter = Number.POSITIVE_INFINITY;
    fetchCount = 0;
    const end = await ended(startProgram(['verify', ...options, '--rate', '0', 'a.csv'], { folder }));
    expect(end.status).toBe(0);
    expect(fetchCount).toBe(40 - doneCount);
    expect(new Set(await verdicts()).size).toBe(40);
    expect(await verdicts()).toHaveLength(40);
    expect(end.stdout).toContain('a.csv: asked about 40 of 40 visitors');
  });

  it('while it works never makes a send wait, and a second verify ends with 75', async () => {
    await writeFile(join(folder, 'a.csv'), rows(3));
    expect((await run('send', '--limit', '2', 'a.csv')).status).toBe(7);
    stallAfter = 0;
    const child = startProgram(['verify', ...options, '--grace', '0', 'a.csv'], { folder });
    while (fetchCount === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await run('send', 'a.csv')).status).toBe(0);
    expect((await run('verify', 'a.csv')).status).toBe(75);
    child.kill('SIGINT');
    child.kill('SIGINT');
    const { status, stderr } = await ended(child);
    expect(status === 130 || status === null).toBe(true);
    expect(stderr).not.toContain('v1');
  });
});
