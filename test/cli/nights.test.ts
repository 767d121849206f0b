import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { withChecksum } from '../../src/job/files/checkpoint.js';
import { systemClock } from '../../src/platform/clock.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';
import { ended, runProgram, startProgram } from './support/run-program.js';

/** --on-end, --metrics-file and --keep of the built program. */

const header = 'batch=thirdPartyId,a\n';

let sandbox: Sandbox;

beforeAll(async () => {
  const options = { knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 0 };
  sandbox = await startSandbox({ port: 0, ...options, clock: systemClock });
  atEndOfFile(() => sandbox.close());
});

async function world(files: Readonly<Record<string, string>> = {}) {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'in'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const target = ['--client-code', 'acme', '--endpoint', sandbox.url, '--state-dir', 'state', '--progress', 'none'];
  const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    runProgram([...args, ...target], { folder, environment: { PATH: process.env.PATH ?? '', ...environment } });
  const told = () =>
    existsSync(join(folder, 'told')) ? readFileSync(join(folder, 'told'), 'utf8').trimEnd().split('\n') : [];
  return { folder, target, run, told };
}

/** Says of each call of the command: the status, the file, and how many jobs its summary has. */
const tell =
  'echo "$PROFILE_DRIP_EXIT_STATUS $PROFILE_DRIP_FILE $(node -e \'console.log(JSON.parse(require("fs").readFileSync(0)).jobs.length)\')" >>told';

describe('--on-end', () => {
  it('hears of each job with its summary, after its files are closed, moved and unlocked', async () => {
    const { run, told, folder } = await world({ 'in/a.csv': `${header}1,x\n`, 'in/b.csv': `${header},x\n` });
    writeFileSync(join(folder, 'in', 'c.csv'), 'no;header\n1;2\n');
    const isFree = 'test ! -e "in/.profile-drip/$(basename "$PROFILE_DRIP_FILE").lock" && echo free >>free';
    const { status, stdout } = await run(['drop', 'in', '--settle', '0', '--on-end', `${tell}; ${isFree}`]);
    expect(status).toBe(2);
    expect(stdout).toMatch(/\n1 put into failed\/: .*\n$/);
    expect(told()).toEqual(['0 in/a.csv 1', '1 in/b.csv 1', '2 in/failed/c.csv 0']);
    expect(readFileSync(join(folder, 'free'), 'utf8')).toBe('free\nfree\nfree\n');
  });

  it('hears once of a call that ends before a job began, and never of 75', async () => {
    const { run, told, folder, target } = await world({ 'a.csv': `${header}1,x\n2,x\n` });
    expect((await run(['send', 'none.csv', '--on-end', tell])).status).toBe(2);
    expect((await run(['send', 'a.csv', '--on-end', tell, '--rate', 'fast'])).status).toBe(2);
    expect((await run(['send'], { PROFILE_DRIP_ON_END: tell })).status).toBe(2);
    expect(told()).toEqual(['2 none.csv 0', '2 a.csv 0', '2  0']);
    const first = startProgram(['send', 'a.csv', ...target, '--daily-cap', '1'], { folder });
    const end = ended(first);
    await expect.poll(() => existsSync(join(folder, 'a.csv.lock')), { timeout: 10_000 }).toBe(true);
    expect((await run(['send', 'a.csv', '--on-end', tell])).status).toBe(75);
    first.kill('SIGTERM');
    await end;
    expect(told()).toHaveLength(3);
  });

  it('sees neither the settings nor the secrets of the program and of the database', async () => {
    const { run, folder } = await world({ 'a.csv': `${header}1,x\n` });
    const environment = { PROFILE_DRIP_TOKEN: 'sesame', PGPASSWORD: 'hidden', OTHER: 'seen' };
    await run(['send', 'a.csv', '--on-end', 'env >env'], environment);
    const seen = readFileSync(join(folder, 'env'), 'utf8');
    expect(seen).toMatch(/^OTHER=seen$/m);
    expect(seen.match(/^(?:PROFILE_DRIP|PG)\w*/gm)?.toSorted()).toEqual([
      'PROFILE_DRIP_EXIT_STATUS',
      'PROFILE_DRIP_FILE',
    ]);
  });

  it('fails without breaking the run, and that is told even with --quiet', async () => {
    const { run } = await world({ 'a.csv': `${header}1,x\n` });
    const { status, stdout, stderr } = await run(['send', 'a.csv', '--quiet', '--on-end', 'echo hello; exit 3']);
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toBe('warning: --on-end: the command ended with status 3\n');
  });

  it('is not waited for by what it leaves in the background, nor by an input that it does not read', async () => {
    const { run, folder } = await world({ 'a.csv': `${header}1,x\n` });
    const { status, stderr } = await run(['send', 'a.csv', '--on-end', 'sleep 30 & echo $! >pid; echo said']);
    expect([status, stderr]).toEqual([0, expect.stringContaining('--on-end: said\n')]);
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGKILL');
  });

  it('is not taken from a config file that others may write', async () => {
    const { run, folder, told } = await world({
      'a.csv': `${header}1,x\n`,
      'c.json': JSON.stringify({ 'on-end': tell }),
    });
    chmodSync(join(folder, 'c.json'), 0o664);
    const refused = await run(['send', 'a.csv', '--config', 'c.json']);
    expect([refused.status, told()]).toEqual([2, []]);
    expect(refused.stderr).toContain('chmod go-w');
    chmodSync(join(folder, 'c.json'), 0o600);
    expect((await run(['send', 'a.csv', '--config', 'c.json'])).status).toBe(0);
    expect(told()).toEqual(['0 a.csv 1']);
  });
});

/** As promtool reads it: every sample has its HELP and TYPE before it, all samples of a family stand together. */
function parseMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  let family = { name: '', type: '' };
  expect(text.endsWith('\n')).toBe(true);
  const lines = text.trimEnd().split('\n');
  for (const [index, line] of lines.entries()) {
    const [, helpName] = /^# HELP ([a-z_]+) \S.*\.$/.exec(line) ?? [];
    const [, typeName, type] = /^# TYPE ([a-z_]+) (counter|gauge)$/.exec(line) ?? [];
    if (helpName !== undefined) expect(lines[index + 1]).toMatch(new RegExp(`^# TYPE ${helpName} `));
    else if (typeName !== undefined) family = { name: typeName, type: type ?? '' };
    else {
      const [, name, labels, value] = /^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (\S+)$/.exec(line) ?? [];
      expect(name, line).toBe(family.name);
      expect(Number.isFinite(Number(value)), line).toBe(true);
      expect(String(name).endsWith('_total'), line).toBe(family.type === 'counter');
      expect(samples.has(`${name}{${labels}}`)).toBe(false);
      samples.set(`${name}{${labels}}`, Number(value));
    }
  }
  return samples;
}

describe('--metrics-file', () => {
  const acme = '{client_code="acme"}';

  it('has the result of the call, and carries the last success over a bad night', async () => {
    const { run, folder } = await world({ 'a.csv': `${header}1,x\n2,x\n`, 'b.csv': `${header}3,x\n,x\n` });
    mkdirSync(join(folder, 'm'));
    const metrics = () => parseMetrics(readFileSync(join(folder, 'm', 'a.prom'), 'utf8'));
    expect((await run(['send', 'a.csv', '--metrics-file', 'm/a.prom'])).status).toBe(0);
    const good = metrics();
    expect(good.get('profile_drip_rows_total{client_code="acme",status="submitted"}')).toBe(2);
    expect(good.get(`profile_drip_attempts_total${acme}`)).toBe(2);
    expect(good.get(`profile_drip_cap_used${acme}`)).toBe(2);
    expect(good.get(`profile_drip_cap_left${acme}`)).toBe(999_998);
    expect(good.get(`profile_drip_exit_status${acme}`)).toBe(0);
    const success = good.get(`profile_drip_last_success_timestamp_seconds${acme}`) ?? 0;
    expect(Math.abs(success - Date.now() / 1000)).toBeLessThan(3600);
    expect((await run(['send', 'b.csv', '--metrics-file', 'm/a.prom'])).status).toBe(1);
    const bad = metrics();
    expect(bad.get(`profile_drip_last_success_timestamp_seconds${acme}`)).toBe(success);
    expect(bad.get(`profile_drip_exit_status${acme}`)).toBe(1);
    expect(bad.get('profile_drip_rows_total{client_code="acme",status="invalid"}')).toBe(1);
    expect(readdirSync(join(folder, 'm'))).toEqual(['a.prom']);
  });

  it('that cannot be written is said once, and the run is as good as it was', async () => {
    const { run } = await world({ 'a.csv': `${header}1,x\n` });
    const { status, stderr } = await run(['send', 'a.csv', '--metrics-file', 'none/a.prom']);
    expect(status).toBe(0);
    expect(stderr.match(/--metrics-file: none\/a\.prom cannot be written \(ENOENT\)/g)).toHaveLength(1);
  });
});

describe('drop --watch --json', () => {
  it('prints one line a file as it ends, and the end of the call', async () => {
    const { folder, target } = await world({ 'in/a.csv': `${header}1,x\n` });
    const args = ['drop', 'in', ...target, '--watch', '--json', '--settle', '0', '--match', '*.csv', '*.txt'];
    const child = startProgram(args, { folder });
    const end = ended(child);
    const archived = () =>
      existsSync(join(folder, 'in', 'archive')) && readdirSync(join(folder, 'in'), { recursive: true });
    await expect
      .poll(archived, { timeout: 10_000 })
      .toContainEqual(expect.stringMatching(/^archive.*a\.csv\.checkpoint\.json$/));
    child.kill('SIGTERM');
    const { status, stdout } = await end;
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(status).toBe(143);
    expect(lines).toMatchObject([
      { schema: 1, exit_status: 0, error: null, jobs: [{ file: 'in/a.csv', complete: true }] },
      { schema: 1, exit_status: 143, jobs: [] },
    ]);
  });
});

describe('--keep', () => {
  /** As if the job had ended then. */
  function endedAt(path: string, daysAgo: number): void {
    const { checksum: _old, ...checkpoint } = JSON.parse(readFileSync(path, 'utf8'));
    const updated = new Date(Date.now() - daysAgo * 86_400_000).toISOString();
    writeFileSync(path, withChecksum(JSON.stringify({ ...checkpoint, updated_at: updated }, null, 2)));
  }

  it('removes what an archive holds of jobs that ended longer ago, and nothing else', async () => {
    const { run, folder } = await world();
    const put = (name: string, text: string) => {
      const path = join(folder, 'in', name);
      writeFileSync(path, text);
      const past = new Date(Date.now() - 3_600_000);
      utimesSync(path, past, past);
    };
    for (const name of ['old', 'young', 'open']) put(`${name}.csv`, `${header}1,x\n,${name}\n,y\n`);
    put('bad.csv', 'no;header\n1;2\n');
    const options = ['drop', 'in', '--settle', '0', '--match', '*.csv', '--tolerate', '5'];
    expect((await run(options)).status).toBe(2);
    const [day = ''] = readdirSync(join(folder, 'in', 'archive'));
    const archive = join(folder, 'in', 'archive', day);
    endedAt(join(archive, 'old.csv.checkpoint.json'), 31);
    endedAt(join(archive, 'open.csv.checkpoint.json'), 31);
    endedAt(join(archive, 'young.csv.checkpoint.json'), 29);
    // Its rejects are being sent: a job on them has started and is not done.
    const corrected = `${header}1,a\n2,b\n`;
    writeFileSync(join(archive, 'open.csv.rejects.csv'), corrected);
    const rejects = ['send', join(archive, 'open.csv.rejects.csv'), '--daily-cap', '1', '--on-cap', 'stop'];
    const sent = await run(rejects);
    expect(sent.status).toBe(4);
    expect((await run([...options, '--keep', '30'])).status).toBe(0);
    const left = readdirSync(archive);
    expect(left.filter((name) => name.startsWith('old.'))).toEqual([]);
    expect(left).toEqual(
      expect.arrayContaining(['young.csv', 'young.csv.results.csv', 'open.csv', 'open.csv.results.csv']),
    );
    expect(readdirSync(join(folder, 'in', 'failed'))).toEqual(['bad.csv', 'bad.csv.error.txt']);
  });

  it('removes the renamed files of earlier jobs of FILE, and keeps FILE and its last job', async () => {
    const { run, folder } = await world({ 'a.csv': `${header}1,x\n` });
    await run(['send', 'a.csv']);
    endedAt(join(folder, 'a.csv.checkpoint.json'), 10);
    await run(['send', 'a.csv', '--restart']);
    const kept = () => readdirSync(folder).filter((name) => /^a\.csv\.\d{4}/.test(name));
    expect(kept()).not.toEqual([]);
    await run(['send', 'a.csv', '--keep', '11']);
    expect(kept()).not.toEqual([]);
    await run(['send', 'a.csv', '--keep', '9']);
    expect(kept()).toEqual([]);
    const own = ['a.csv', 'a.csv.checkpoint.json', 'a.csv.results.csv', 'a.csv.summary.json'];
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(own));
  });
});
