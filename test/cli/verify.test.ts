import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { draw } from '../../src/ledger/ledger.js';
import { openHome } from '../../src/state/open-home.js';
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
/** Fetches of these visitors are answered so. */
let replies: Map<string, { status?: number; headers?: Record<string, string>; body: unknown }>;

beforeEach(async () => {
  folder = await temporaryFolder();
  profiles = new Map();
  fetchCount = 0;
  stallAfter = Number.POSITIVE_INFINITY;
  modifiedAt = null;
  replies = new Map();
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
    const own = replies.get(id);
    if (own !== undefined) {
      const { status = 200, headers = {}, body: reply } = own;
      response.writeHead(status, headers).end(typeof reply === 'string' ? reply : JSON.stringify(reply));
      return;
    }
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

/** As if so many fetches had been made in the last 24 hours. */
async function useFetches(units: number): Promise<void> {
  const home = await openHome({ stateDir: join(folder, 'state'), stateUrl: null });
  const name = home.nameOf('acme', true, 'fetch');
  const none = { reserve: 0, timeoutMs: 30_000, wantedUnits: 0, returned: new Map<number, number>() };
  await home.transact(name, draw({ name, number: home.nextDrawNumber(), limit: 1_000_000, ...none, lateUnits: units }));
  await home.close();
}

describe('the cap of fetches', () => {
  it('used up ends a verify with 4, says when more come free, and keeps no update from leaving', async () => {
    await writeFile(join(folder, 'a.csv'), rows(5));
    expect((await run('send', '--limit', '4', 'a.csv')).status).toBe(7);
    await useFetches(999_998);
    const end = await run('verify', '--json', 'a.csv');
    expect(end.status).toBe(4);
    const { exit_status, error, files } = JSON.parse(end.stdout);
    expect([exit_status, error.code, files[0].asked]).toEqual([4, 'cap-used', 2]);
    expect(error.message).toMatch(/1000000 of 1000000 in the last 24 hours; more come free from \d{4}-/);
    expect(end.stderr).toContain('Resume with:  profile-drip verify');
    expect(fetchCount).toBe(2);
    expect(await verdicts()).toHaveLength(2);
    expect((await run('verify', 'a.csv')).status).toBe(4);
    expect(fetchCount).toBe(2);
    expect((await run('send', 'a.csv')).status).toBe(0);
  });
});

/** Values that are right, in each form in which a reply may say them. */
const offset = '2017-12-02T15:22:25.000+0100';
const gold = { value: 'gold', modifiedAt: offset };
const found = (attributes: object, more: object = { visitorId: 'v' }) => ({
  client: 'acme',
  ...more,
  profileAttributes: attributes,
});
const inADay = () => new Date(Date.now() + 86_400_000);
const forms: readonly (readonly [
  string,
  () => { status?: number; headers?: Record<string, string>; body: unknown },
  string,
])[] = [
  ['the documented one', () => ({ body: found({ tier: gold }, { visitorId: 'v', modifiedAt: offset }) }), 'applied'],
  [
    'older: mboxPC, no offset',
    () => ({ body: found({ tier: { value: 'gold', modifiedAt: '2017-12-02T15:22:25.000' } }, { mboxPC: '1.28_0' }) }),
    'applied',
  ],
  [
    'older: thirdPartyId, the prefix at names',
    () => ({ body: found({ 'profile.tier': gold }, { thirdPartyId: 'v' }) }),
    'applied',
  ],
  [
    'with attributes of others',
    () => ({
      body: found({
        tier: gold,
        'user.browser': gold,
        'entity.x': { value: null },
        firstSessionStart: { value: 1512 },
      }),
    }),
    'applied',
  ],
  ['without attributes', () => ({ body: { client: 'acme', visitorId: 'v' } }), 'different'],
  [
    'another value, set before ours',
    () => ({ body: found({ tier: { value: 'tin', modifiedAt: offset } }) }),
    'different',
  ],
  [
    'another value, set later',
    () => ({ body: found({ tier: { value: 'tin', modifiedAt: inADay().toISOString() } }) }),
    'overwritten',
  ],
  [
    'another value, set later only by a clock that is ahead',
    () => ({
      headers: { date: new Date(Date.now() + 40 * 365 * 86_400_000).toUTCString() },
      body: found({ tier: { value: 'tin', modifiedAt: inADay().toISOString() } }),
    }),
    'different',
  ],
  [
    '404',
    () => ({ status: 404, body: { status: 404, message: 'No profile found for client acme with third party id=v' } }),
    'not-found',
  ],
  [
    '404 of a pcId',
    () => ({ status: 404, body: { status: 404, message: 'No profile found for client acme with mboxPC=1.28_0' } }),
    'not-found',
  ],
  [
    '404 within a 200',
    () => ({ body: { status: 404, message: 'No profile found for client acme with third party id=v' } }),
    'not-found',
  ],
  ["404 of a gateway's page", () => ({ status: 404, body: '<html><body>Not Found</body></html>' }), 'unreadable'],
  [
    '400 as XML',
    () => ({ status: 400, body: '<ProfileResponseErrorBody><message>bad</message></ProfileResponseErrorBody>' }),
    'unreadable',
  ],
  [
    '403 as XML, where others are answered',
    () => ({ status: 403, body: '<ErrorBody><message>no</message></ErrorBody>' }),
    'unreadable',
  ],
  ['500', () => ({ status: 500, body: { status: 500, message: 'error' } }), 'unreadable'],
  ['a reply that is cut', () => ({ body: '{"client":"acme","visitorId":"v","profileAttr' }), 'unreadable'],
  ['a reply to an update', () => ({ body: 'trueRequest successfully submitted' }), 'unreadable'],
];

describe('each form of a reply', () => {
  it('is understood', async () => {
    const ids = forms.map((_form, at) => `f${at}`);
    await writeFile(
      join(folder, 'a.csv'),
      `batch=thirdPartyId,tier\nv0,gold\n${ids.map((id) => `${id},gold\n`).join('')}`,
    );
    expect((await run('send', 'a.csv')).status).toBe(0);
    await makeOld('a.csv');
    for (const [at, [, reply]] of forms.entries()) replies.set(`f${at}`, reply());
    const end = await run('verify', '--retries', '0', '--rate', '0', 'a.csv');
    expect(end.status).toBe(1);
    const told = new Map(
      (await verdicts()).map((line): [string, string] => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']),
    );
    expect(forms.map(([title], at) => `${title}: ${told.get(`f${at}`)}`)).toEqual(
      forms.map(([title, , verdict]) => `${title}: ${verdict}`),
    );
  });

  it.each([
    ['403', { status: 403, body: 'no' }],
    ['a redirect', { status: 302, headers: { location: '/login' }, body: '' }],
  ])('%s for the first visitor that is asked about is that visitor’s own', async (_what, reply) => {
    await writeFile(join(folder, 'a.csv'), rows(3));
    expect((await run('send', 'a.csv')).status).toBe(0);
    expect((await run('verify', '--concurrency', '1', 'a.csv')).status).toBe(0);
    const [first = ''] = (await verdicts()).map((line) => line.split(' ')[0] ?? '');
    replies.set(first, reply);
    expect((await run('verify', '--concurrency', '1', 'a.csv')).status).toBe(1);
    expect((await verdicts()).filter((line) => !line.endsWith('applied'))).toEqual([`${first} unreadable`]);
  });

  it.each([
    [
      '403',
      'without a token',
      { status: 403, body: '<ErrorBody>no</ErrorBody>' },
      '--token-file or PROFILE_DRIP_TOKEN',
    ],
    ['a redirect', '', { status: 302, headers: { location: '/' }, body: '' }, 'redirects are not followed'],
  ])('%s for everybody %s stops with 3 and says what to check', async (_what, _when, reply, advice) => {
    await writeFile(join(folder, 'a.csv'), rows(2));
    expect((await run('send', 'a.csv')).status).toBe(0);
    for (const id of ['v1', 'v2']) replies.set(id, reply);
    const end = await run('verify', 'a.csv');
    expect(end.status).toBe(3);
    expect(end.stderr).toContain(advice);
    expect(await verdicts()).toEqual([]);
  });
});
