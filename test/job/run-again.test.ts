import { appendFile, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JobEnd } from '../../src/job/run-job.js';
import { realDisk } from '../../src/platform/disk.js';
import type { Disk } from '../../src/platform/ports.js';
import { ids, type RunWorld, rowsText, runWorld } from './support/job-run-world.js';

/** What a second run makes of what the first one left. */

let world: RunWorld;

beforeEach(async () => {
  world = await runWorld();
});

/** Stops a run once the server has seen this many requests. */
function stoppedAfter(count: number): { signal: AbortSignal } {
  const stop = new AbortController();
  const { answer } = world;
  world.answer = (seen, index) => {
    if (world.seen.length === count) {
      world.answer = answer;
      stop.abort('SIGTERM');
    }
    return answer(seen, index);
  };
  return { signal: stop.signal };
}

const sent = () => world.seen.map(({ id }) => id);
const touch = (path: string) => utimes(path, new Date(), new Date(Date.now() + 60_000));
const codes = ({ error, exitStatus }: JobEnd) => [exitStatus, error?.code ?? null];
const kept = async (pattern: RegExp) => (await readdir(world.folder)).filter((name) => pattern.test(name)).sort();

describe('a run that was stopped', () => {
  it('resumes where it was: each row is sent once, and the summary counts the whole job', async () => {
    const file = await world.put('a.csv', rowsText(60));
    const first = await world.run(file, {}, stoppedAfter(25));
    expect(codes(first)).toEqual([143, 'interrupted']);
    const ended = first.jobs[0]?.rows.submitted ?? 0;
    expect(ended).toBe(world.seen.length);
    expect(first.jobs[0]).toMatchObject({ complete: false, file_sha256: null, rows: { total: null } });
    const second = await world.run(file);
    expect(codes(second)).toEqual([0, null]);
    expect(sent().sort()).toEqual(ids(60).sort());
    expect(second.jobs[0]).toMatchObject({
      complete: true,
      rows: { total: 60, submitted: 60 },
      attempts: 60,
      resumed_from_row: ended + 1,
      started_at: first.jobs[0]?.started_at,
    });
    expect((await world.results('a.csv')).map((cells) => Number(cells[0])).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
  });

  it('seeks: the first part of the file is not read again', async () => {
    const long = 'x'.repeat(30_000);
    const file = await world.put(
      'a.csv',
      `batch=thirdPartyId,a\n${ids(120)
        .map((id) => `${id},${long}\n`)
        .join('')}`,
    );
    await world.run(file, { concurrency: 1 }, stoppedAfter(100));
    const reads: number[] = [];
    const disk: Disk = {
      ...world.disk,
      async open(path, mode) {
        const real = await realDisk.open(path, mode);
        if (path !== file) return real;
        return {
          ...bound(real),
          read: (into, at) => {
            reads.push(at);
            return real.read(into, at);
          },
        };
      },
    };
    expect((await world.run(file, {}, {}, { disk })).exitStatus).toBe(0);
    // The header, and then from the last whole megabyte before where it resumes. The hash of the whole comes after.
    const sizeBytes = (await stat(file)).size;
    const untilEnd = reads.slice(0, reads.indexOf(reads.find((at) => at >= sizeBytes) ?? -1));
    expect(untilEnd.filter((at) => at > 200_000 && at < 1_000_000)).toEqual([]);
  });

  it('resumes in a .gz, which is read through', async () => {
    const file = await world.put('a.csv.gz', gzipSync(rowsText(60)));
    await world.run(file, {}, stoppedAfter(25));
    expect((await world.run(file)).exitStatus).toBe(0);
    expect(sent().sort()).toEqual(ids(60).sort());
    expect(gunzipSync(await readFile(file)).toString()).toBe(rowsText(60));
  });

  it('resumes in a file that was touched, and in one to which rows were appended', async () => {
    const file = await world.put('a.csv', rowsText(30));
    await world.run(file, {}, stoppedAfter(10));
    await touch(file);
    await world.run(file, {}, stoppedAfter(20));
    await appendFile(file, rowsText(10, 31));
    const end = await world.run(file);
    expect(codes(end)).toEqual([0, null]);
    expect(sent().sort()).toEqual(ids(40).sort());
    expect(end.jobs[0]?.rows.total).toBe(40);
  });

  it('does not resume where an appended text makes another row of the last one', async () => {
    const file = await world.put('a.csv', rowsText(30).trimEnd());
    await world.run(file, {}, stoppedAfter(10));
    await appendFile(file, '99\nv31,31\n');
    expect(codes(await world.run(file))).toEqual([2, 'file-changed']);
  });

  it.each([
    ['client code', { clientCode: 'other' }, /client code was "acme" and is now "other"/],
    ['--values', { values: 'raw' }, /--values was "encoded" and is now "raw"/],
    ['--plus', { plus: 'space' }, /--plus was not given and is now "space"/],
    ['endpoint', { endpoint: 'http://127.0.0.1:9' }, /endpoint was .* and is now "http:\/\/127.0.0.1:9"/],
  ] as const)('is refused with another %s, which is named', async (_, change, message) => {
    const file = await world.put('a.csv', rowsText(30));
    await world.run(file, {}, stoppedAfter(10));
    const countBefore = world.seen.length;
    const end = await world.run(file, change);
    expect(codes(end)).toEqual([2, 'job-differs']);
    expect(end.error?.message).toMatch(message);
    expect(world.seen).toHaveLength(countBefore);
  });
});

describe('a finished job', () => {
  it('on the same content sends nothing and ends as before, also when it was only touched', async () => {
    const file = await world.put('a.csv', `${rowsText(3)},no id\n`);
    expect((await world.run(file)).exitStatus).toBe(1);
    const report = await world.read('a.csv.results.csv');
    await touch(file);
    const notices: string[] = [];
    const again = await world.run(
      file,
      {},
      { onEvent: (event) => event.kind === 'notice' && notices.push(event.code) },
    );
    expect(codes(again)).toEqual([1, null]);
    expect(again.jobs[0]).toMatchObject({ complete: true, rows: { total: 4, submitted: 3, invalid: 1 } });
    expect(again.jobs[0]?.files).toEqual({
      results: `${file}.results.csv`,
      rejects: `${file}.rejects.csv`,
      checkpoint: `${file}.checkpoint.json`,
    });
    expect(notices).toContain('job-done');
    expect(world.seen).toHaveLength(3);
    expect(await world.read('a.csv.results.csv')).toBe(report);
  });

  it('names no files that have been taken away since', async () => {
    const file = await world.put('a.csv', `${rowsText(3)},no id\n`);
    await world.run(file);
    await rm(`${file}.results.csv`);
    await rm(`${file}.rejects.csv`);
    expect((await world.run(file)).jobs[0]?.files).toMatchObject({ results: null, rejects: null });
  });

  it('keeps its files, renamed, when new content comes under its name', async () => {
    const file = await world.put('a.csv', rowsText(3));
    await world.run(file);
    const report = await world.read('a.csv.results.csv');
    await writeFile(file, rowsText(5));
    expect((await world.run(file)).jobs[0]?.rows).toMatchObject({ total: 5, submitted: 5 });
    const [old] = await kept(/^a\.csv\.2026.*Z\.results\.csv$/);
    expect(await world.read(old ?? '')).toBe(report);
    expect(await kept(/^a\.csv\.2026.*Z\.(checkpoint|summary)\.json$/)).toHaveLength(2);
  });

  it('lets rows that were appended while its last ones went out have their turn', async () => {
    const file = await world.put('a.csv', rowsText(20));
    world.answer = ((answer) => (seen, index) => {
      if (index === 15) void appendFile(file, rowsText(5, 21));
      return answer(seen, index);
    })(world.answer);
    const end = await world.run(file, { concurrency: 1 });
    expect(codes(end)).toEqual([0, null]);
    expect(end.jobs).toHaveLength(1);
    expect(end.jobs[0]?.rows).toMatchObject({ total: 25, submitted: 25 });
    expect(sent()).toEqual(ids(25));
  });
});

describe('a file that has changed in the middle of its job', () => {
  const changed = (text: string) => text.replace('v2,2', 'v2,two');

  it('is refused, and nothing is sent', async () => {
    const file = await world.put('a.csv', rowsText(30));
    await world.run(file, {}, stoppedAfter(10));
    const countBefore = world.seen.length;
    await writeFile(file, changed(rowsText(30)));
    expect(codes(await world.run(file))).toEqual([2, 'file-changed']);
    expect(world.seen).toHaveLength(countBefore);
    await writeFile(file, rowsText(30));
    expect((await world.run(file)).exitStatus).toBe(0);
  });

  it('takes the place of the old job with --on-changed supersede', async () => {
    const file = await world.put('a.csv', rowsText(30));
    const first = await world.run(file, {}, stoppedAfter(10));
    const report = await world.read('a.csv.results.csv');
    const before = first.jobs[0]?.rows.submitted ?? 0;
    await writeFile(file, changed(rowsText(30)));
    const end = await world.run(file, { onChanged: 'supersede' });
    expect(codes(end)).toEqual([0, null]);
    expect(end.jobs).toMatchObject([
      { complete: false, rows: { submitted: before, superseded: 30 - before } },
      { complete: true, rows: { total: 30, submitted: 30, superseded: 0 } },
    ]);
    const { results, checkpoint } = end.jobs[0]?.files ?? {};
    expect(await readFile(results ?? '', 'utf8')).toBe(report);
    expect(JSON.parse(await readFile(checkpoint ?? '', 'utf8'))).toMatchObject({ state: 'closed' });
    const [summary] = await kept(/^a\.csv\.2026.*\.summary\.json$/);
    expect(JSON.parse(await world.read(summary ?? ''))).toEqual(end.jobs[0]);
  });

  it('is noticed after a wait in the middle of a run, and replaced by rename', async () => {
    const file = await world.put('a.csv', rowsText(30));
    let hasHeld = false;
    world.answer = ((answer) => (seen, index) => {
      if (index === 10 && !hasHeld) {
        hasHeld = true;
        return { status: 503, headers: { 'retry-after': '60' } };
      }
      return answer(seen, index);
    })(world.answer);
    const onEvent = (event: { kind: string }) => {
      if (event.kind !== 'hold') return;
      void writeFile(`${file}.new`, changed(rowsText(30))).then(() => rename(`${file}.new`, file));
    };
    expect(codes(await world.run(file, { concurrency: 1 }, { onEvent }))).toEqual([2, 'file-changed']);
    expect(world.seen).toHaveLength(11);
    const end = await world.run(file, { onChanged: 'supersede' });
    expect(end.jobs.map(({ rows }) => rows)).toMatchObject([
      { submitted: 10, superseded: 20 },
      { total: 30, submitted: 30 },
    ]);
  });

  it('is superseded at once where it is noticed after a wait', async () => {
    const file = await world.put('a.csv', rowsText(30));
    world.answer = (
      (answer) => (seen, index) =>
        index === 10 ? { status: 503, headers: { 'retry-after': '60' } } : answer(seen, index)
    )(world.answer);
    const onEvent = (event: { kind: string }) => {
      if (event.kind === 'hold') void writeFile(file, changed(rowsText(30)));
    };
    const end = await world.run(file, { concurrency: 1, onChanged: 'supersede' }, { onEvent });
    expect(codes(end)).toEqual([0, null]);
    expect(end.jobs).toMatchObject([
      { complete: false, rows: { submitted: 10, superseded: 20 } },
      { complete: true, rows: { total: 30, submitted: 30 } },
    ]);
    expect(world.seen.filter(({ id, values }) => id === 'v2' && values.get('profile.row') === 'two')).toHaveLength(1);
  });

  it('is not taken for changed where it was removed: what is open is sent to its end', async () => {
    const file = await world.put('a.csv', rowsText(30));
    world.answer = (
      (answer) => (seen, index) =>
        index === 10 ? { status: 503, headers: { 'retry-after': '60' } } : answer(seen, index)
    )(world.answer);
    const onEvent = (event: { kind: string }) => {
      if (event.kind === 'hold') void rm(file);
    };
    expect(codes(await world.run(file, { concurrency: 1 }, { onEvent }))).toEqual([0, null]);
  });
});

describe('a file with a line that cannot be read', () => {
  it('sends what stands before, says the line, and resumes once the rest of the file is corrected', async () => {
    const file = await world.put('a.csv', `${rowsText(20)}v21,"open\n${rowsText(10, 22)}`);
    const first = await world.run(file);
    expect(codes(first)).toEqual([2, 'file-quote-open']);
    expect(first.error?.message).toContain('line 22');
    expect(sent().sort()).toEqual(ids(20).sort());
    await writeFile(file, rowsText(31));
    const second = await world.run(file);
    expect(codes(second)).toEqual([0, null]);
    expect(second.jobs[0]).toMatchObject({ resumed_from_row: 21, rows: { total: 31, submitted: 31 } });
    expect(sent().sort()).toEqual(ids(31).sort());
  });

  it('is refused where it was changed before the bad record too', async () => {
    const file = await world.put('a.csv', `${rowsText(20)}v21,"open\n${rowsText(10, 22)}`);
    await world.run(file);
    await writeFile(file, rowsText(31).replace('v2,2', 'v2,two'));
    expect(codes(await world.run(file))).toEqual([2, 'file-changed']);
  });

  it('ends rows that rest before it says so', async () => {
    const file = await world.put('a.csv', `${rowsText(20)}v21,"open\n`);
    const failedOnce = new Set<string>();
    world.answer = ((answer) => (seen, index) => {
      if (failedOnce.has(seen.id)) return answer(seen, index);
      failedOnce.add(seen.id);
      return { status: 500 };
    })(world.answer);
    const end = await world.run(file);
    expect(codes(end)).toEqual([2, 'file-quote-open']);
    expect(end.jobs[0]?.rows.submitted).toBe(20);
  });
});

describe('--restart', () => {
  it('begins again and keeps the earlier job’s files, renamed', async () => {
    const file = await world.put('a.csv', rowsText(5));
    await world.run(file);
    expect((await world.run(file, { restart: true })).jobs[0]).toMatchObject({ resumed_from_row: null, attempts: 5 });
    expect(world.seen).toHaveLength(10);
    expect(await kept(/^a\.csv\.2026-01-01T\d{6}Z\.results\.csv$/)).toHaveLength(1);
  });

  it('does so beside a damaged checkpoint, which is refused without it', async () => {
    const file = await world.put('a.csv', rowsText(30));
    await world.run(file, {}, stoppedAfter(10));
    await writeFile(`${file}.checkpoint.json`, '{"schema": 1, "state"');
    const countBefore = world.seen.length;
    expect(codes(await world.run(file))).toEqual([2, 'checkpoint-damaged']);
    expect(world.seen).toHaveLength(countBefore);
    expect((await world.run(file, { restart: true })).jobs[0]?.rows.submitted).toBe(30);
    expect(await kept(/^a\.csv\.\d{4}-.*\.(checkpoint\.json|results\.csv)$/)).toHaveLength(2);
  });
});

describe('what somebody did to a job’s files', () => {
  it.each([
    ['report was removed', '.results.csv', null, 'report-missing'],
    ['report was cut', '.results.csv', 'row,line\n', 'report-damaged'],
    ['checkpoint was removed', '.checkpoint.json', null, 'report-without-checkpoint'],
  ] as const)('is refused where the %s, and nothing is sent', async (_, suffix, content, code) => {
    const file = await world.put('a.csv', rowsText(30));
    await world.run(file, {}, stoppedAfter(10));
    const good = await readFile(`${file}${suffix}`);
    if (content === null) await rm(`${file}${suffix}`);
    else await writeFile(`${file}${suffix}`, content);
    const countBefore = world.seen.length;
    expect(codes(await world.run(file))).toEqual([2, code]);
    expect(world.seen).toHaveLength(countBefore);
    await writeFile(`${file}${suffix}`, good);
    expect((await world.run(file)).exitStatus).toBe(0);
    expect(sent().sort()).toEqual(ids(30).sort());
  });
});

function bound(file: Awaited<ReturnType<Disk['open']>>) {
  return {
    append: (bytes: Uint8Array) => file.append(bytes),
    sync: () => file.sync(),
    truncate: (sizeBytes: number) => file.truncate(sizeBytes),
    stat: () => file.stat(),
    close: () => file.close(),
  };
}
