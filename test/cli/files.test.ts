import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listen, temporaryFolder } from '../support/index.js';
import { runProgram } from './support/run-program.js';

/** Files as people have them, sent by the built program: what arrives, and what is said of them. */

interface World {
  readonly folder: string;
  /** What arrived, decoded, a line for each update. */
  readonly arrived: string[];
  /** Answers with 401 after this number of updates. */
  takes: number;
  send(file: string, words: readonly string[], environment?: Record<string, string>): ReturnType<typeof runProgram>;
}

async function world(files: Readonly<Record<string, string | Buffer>>): Promise<World> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const arrived: string[] = [];
  const { url } = await listen((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      if (arrived.length >= own.takes) {
        response.writeHead(401).end();
        return;
      }
      arrived.push([...new URLSearchParams(body)].map((pair) => pair.join('=')).join('&'));
      response.end('trueRequest successfully submitted');
    });
  });
  const own: World = {
    folder,
    arrived,
    takes: Number.POSITIVE_INFINITY,
    send: (file, words, environment = {}) =>
      runProgram(
        [
          ...['send', '--client-code', 'acme', '--endpoint', url, '--state-dir', join(folder, 'state')],
          ...['--progress', 'log', '--rate', '0', '--concurrency', '1', ...words, '--', file],
        ],
        { folder, environment },
      ),
  };
  return own;
}

const spreadsheet = 'batch=thirdPartyId,City Name,tier,note,\n 1,Bern ,gold,NULL,\n2,\u00a0Ulm,(null),x,\n';

describe('the options of columns and values', () => {
  const words = ['--values', 'raw', '--trim', '--null', 'NULL', '--null', '(null)', '--rename', 'City Name=city'];
  const expected = ['mbox3rdPartyId=1&profile.city=Bern&profile.tier=gold', 'mbox3rdPartyId=2&profile.city=Ulm'];

  it('say what arrives, and results have the ids as they are sent', async () => {
    const own = await world({ 'a.csv': spreadsheet });
    expect(await own.send('a.csv', [...words, '--skip', 'note'])).toMatchObject({ status: 0 });
    expect(own.arrived).toEqual(expected);
    expect(readFileSync(join(own.folder, 'a.csv.results.csv'), 'utf8')).toMatch(/\n1,2,"?1"?,submitted/);
  });

  it('are the same as lists in a config file, and with | in the environment', async () => {
    const config = { values: 'raw', trim: true, null: ['NULL', '(null)'], rename: ['City Name=city'] };
    const own = await world({ 'a.csv': spreadsheet, 'drip.json': JSON.stringify(config) });
    const environment = { PROFILE_DRIP_ONLY: 'City Name|tier' };
    expect(await own.send('a.csv', ['--config', 'drip.json'], environment)).toMatchObject({ status: 0 });
    expect(own.arrived).toEqual(expected);
  });

  it('make another job of it, but not in another order, and a delimiter that is found is as good as one that is named', async () => {
    const own = await world({ 'a.csv': 'thirdPartyId;a;b\n1;x;y\n' });
    const same = ['--skip', 'a', '--null', 'x', '--null', 'y2'];
    expect(await own.send('a.csv', ['--delimiter', ';', ...same])).toMatchObject({ status: 0 });
    const again = ['--delimiter', 'auto', '--null', 'y2', '--null', 'x', '--skip', 'a'];
    expect((await own.send('a.csv', again)).stderr).toContain('code=job-done');
    for (const other of [['--trim'], ['--rename', 'b=c'], ['--null', 'z'], ['--encoding', 'iso-8859-1']]) {
      const { status, stderr } = await own.send('a.csv', [...again, ...other]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/belongs to another job: (--trim|--rename|--null|encoding) was /);
    }
    expect(own.arrived).toEqual(['mbox3rdPartyId=1&profile.b=y']);
  });

  it.each([
    [
      ['--only', 'c'],
      /--only names "c", and no column has that name \(names are case-sensitive\): the names are "thirdPartyId", "a", "b"\./,
    ],
    [['--skip', 'thirdPartyId'], /--skip names the id column/],
    [['--rename', 'a=b'], /--rename names "b", and a column has that name already/],
    [['--rename', 'a=x', '--rename', 'b=x'], /two columns are renamed to "x"/],
    [['--only', 'a', '--skip', 'a'], /--only and --skip both name "a"/],
    [['--delimiter', 't'], /a shell makes t of \\t, add --delimiter tab/],
    [['--rename', 'a'], /--rename: expected OLD=NEW/],
  ] as const)('are refused where they cannot be: %j', async (words, message) => {
    const own = await world({ 'a.csv': 'thirdPartyId,a,b\n1,x,y\n' });
    const { status, stderr } = await own.send('a.csv', words);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(own.arrived).toEqual([]);
  });
});

describe('a file in another encoding', () => {
  const text = `thirdPartyId,city\r\n${Array.from({ length: 30 }, (_, at) => `c-${at},${at === 25 ? '%' : ''}Köln ${at}\r\n`).join('')}`;
  const files = {
    'windows-1252': Buffer.from(text, 'latin1'),
    'utf-16': Buffer.from(`\ufeff${text}`, 'utf16le'),
  };

  it.each(['windows-1252', 'utf-16'] as const)(
    'is resumed at the right row, and its rejects are in its own: %s',
    async (encoding) => {
      const own = await world({ 'a.csv': files[encoding] });
      own.takes = 6;
      const words = encoding === 'utf-16' ? [] : ['--encoding', encoding];
      expect((await own.send('a.csv', words)).status).toBe(3);
      own.takes = Number.POSITIVE_INFINITY;
      // Whether what was appended continues a row cannot be told in an encoding that is transcoded.
      writeFileSync(join(own.folder, 'a.csv'), Buffer.concat([files[encoding], files[encoding].subarray(2)]));
      expect((await own.send('a.csv', words)).stderr).toContain('changed');
      writeFileSync(join(own.folder, 'a.csv'), files[encoding]);
      expect((await own.send('a.csv', words)).status).toBe(1);
      const rows = Array.from({ length: 30 }, (_, at) => `mbox3rdPartyId=c-${at}&profile.city=Köln ${at}`);
      expect(own.arrived).toEqual(rows.filter((_row, at) => at !== 25));

      const lines = ['thirdPartyId,city\r\n', 'c-25,%Köln 25\r\n'].join('');
      const bytes = encoding === 'utf-16' ? Buffer.from(`\ufeff${lines}`, 'utf16le') : Buffer.from(lines, 'latin1');
      expect(readFileSync(join(own.folder, 'a.csv.rejects.csv'))).toEqual(bytes);
      expect((await own.send('a.csv.rejects.csv', [...words, '--values', 'raw'])).status).toBe(0);
      expect(own.arrived.at(-1)).toBe('mbox3rdPartyId=c-25&profile.city=%Köln 25');
    },
  );
});

describe('hints', () => {
  const rows = Array.from(
    { length: 40 },
    (_, at) => `${at % 7 === 0 ? ' ' : ''}c-${at},${at % 5 === 0 ? 'NULL' : 'x y'}\n`,
  );
  const content = `thirdPartyId,a\n${rows.join('')}Total,40`;

  it('are the same from check and from send, once each as a notice, and over a resume', async () => {
    const own = await world({ 'a.csv': content });
    const checked = await runProgram(['check', '--json', '--progress', 'none', 'a.csv'], { folder: own.folder });
    const [{ hints, command }] = JSON.parse(checked.stdout).files;
    expect(hints).toHaveLength(5);
    expect(command).toBe(`profile-drip send --client-code CODE --values raw --trim --null NULL a.csv`);

    own.takes = 15;
    const first = await own.send('a.csv', ['--json']);
    expect(first.status).toBe(3);
    expect(first.stderr.match(/code=hint message="a\.csv: id-space, line 2: /g)).toHaveLength(1);
    own.takes = Number.POSITIVE_INFINITY;
    const second = await own.send('a.csv', ['--json']);
    expect(second.status).toBe(0);
    const byCode = (list: { code: string }[]) => list.toSorted((one, other) => (one.code < other.code ? -1 : 1));
    expect(byCode(JSON.parse(second.stdout).jobs[0].hints)).toEqual(byCode(hints));
    expect(second.stderr).toMatch(/code=hint message="a\.csv: last-line-open, line 42: /);
  });

  it('are shown to a person at the end', async () => {
    const own = await world({ 'a.csv': content, 'empty.csv': 'thirdPartyId,a\n1,\n2,\n' });
    const { stdout } = await own.send('a.csv', []);
    expect(stdout).toMatch(/^Worth a look:\n +6 +id-space +first on line 2: /m);
    expect((await own.send('empty.csv', [])).stdout).toMatch(/^empty\.csv: done, but nothing was sent: none of 2 rows/);
  });
});

describe('a file without a header', () => {
  const people = 'anna@example.org,Anna Roth,+49 30 1234\nbob@example.org,Bob Lane,+49 40 5678\n';

  it.each([[[]], [['--id-column', 'card']], [['--id-column', 'bob', '--id-type', 'pcId']]] as const)(
    'shows nobody: not on the screen, in an annotation or in the summary of a CI system (%j)',
    async (words) => {
      const own = await world({ 'a.csv': people });
      const page = join(own.folder, 'page.md');
      writeFileSync(page, '');
      const run = await own.send('a.csv', [...words, '--json'], { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: page });
      expect(run.status).toBe(2);
      const checked = await runProgram(['check', '--json', ...words, 'a.csv'], { folder: own.folder });
      const all = [run.stdout, run.stderr, readFileSync(page, 'utf8'), checked.stdout, checked.stderr].join('\n');
      expect(all).not.toMatch(/example\.org|Anna|Roth|Lane|1234|5678/);
    },
  );

  it('shows nobody where its first row passes for a header', async () => {
    const own = await world({ 'a.csv': `thirdPartyId,anna@example.org,tier\n1,x%,y\n2,x,y\n` });
    const run = await own.send('a.csv', []);
    const dry = await own.send('a.csv', ['--dry-run']);
    const checked = await runProgram(['check', 'a.csv'], { folder: own.folder });
    const results = readFileSync(join(own.folder, 'a.csv.results.csv'), 'utf8');
    expect(checked.stdout).toContain('column 2');
    expect(dry.stdout).toContain('&profile.…=…&profile.tier=…');
    expect(results).toContain('percent-broken: in column 2');
    expect([run.stdout, run.stderr, dry.stdout, checked.stdout, results].join('\n')).not.toContain('anna');
  });
});
