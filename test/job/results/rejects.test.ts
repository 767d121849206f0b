import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { openBatch, type RawRow } from '../../../src/batch/open.js';
import { makeRejects } from '../../../src/job/results/rejects.js';
import { type RowResult, resultsHeader } from '../../../src/job/results/result.js';
import { seededRandom, temporaryFolder } from '../../support/index.js';
import { resultLine, rowResult } from '../support/result-rows.js';
import { systemError, type WatchedDisk, watchedDisk } from '../support/watched-disk.js';

let folder = '';
let file = '';
let disk: WatchedDisk;

beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder, 'drop.csv');
  disk = watchedDisk();
});

const rejectsPath = () => join(folder, 'drop.csv.rejects.csv');
const reasonsPath = () => join(folder, 'drop.csv.rejects.reasons.csv');
const resultsPath = () => join(folder, 'drop.csv.results.csv');
const rejects = () => readFile(rejectsPath());
const failed = (rowNumber: number) =>
  rowResult({ rowNumber, status: 'failed', reason: { code: 'timeout', text: null } });

/** The first cell, `null` where it is broken. */
const visitorOf = (row: RawRow) => (row.cells[0]?.includes('%') ? null : (row.cells[0] ?? null));

async function make(content: string | Buffer, results: readonly RowResult[], rejectedCount?: number): Promise<number> {
  await writeFile(file, content);
  await writeFile(resultsPath(), resultsHeader + results.map(resultLine).join(''));
  const batch = await openBatch(disk, file, { delimiter: ',', values: 'encoded' });
  try {
    return await makeRejects(batch, {
      disk,
      random: seededRandom(1),
      runId: 'run-1',
      resultsPath: resultsPath(),
      rejectsPath: rejectsPath(),
      reasonsPath: reasonsPath(),
      rejectedCount:
        rejectedCount ?? results.filter((row) => ['invalid', 'refused', 'failed'].includes(row.status)).length,
      visitorOf,
    });
  } finally {
    await batch.close();
  }
}

describe('makeRejects', () => {
  it('holds the rows that did not go through and the later rows of their visitors, byte for byte', async () => {
    const lines = ['batch=pcId,a\r\n', 'u1,1\r\n', '\r\n', 'u2,"x\ny"\n', 'u1,2\r', 'u3,3\n', 'u2,\n', 'u1,4'];
    const statuses = ['submitted', 'refused', 'failed', 'submitted', 'skipped', 'submitted'] as const;
    const results = statuses.map((status, at) => rowResult({ rowNumber: at + 1, status }));
    const rowCount = await make(`\ufeff${lines.join('')}`, results.toReversed());
    expect(rowCount).toBe(4);
    expect((await rejects()).toString()).toBe('\ufeffbatch=pcId,a\r\nu2,"x\ny"\nu1,2\ru2,\nu1,4\r\n');
    expect((await stat(rejectsPath())).mode & 0o777).toBe(0o600);
  });

  it('is right for any rows and outcomes', async () => {
    const row = fc.record({
      visitor: fc.constantFrom('a', 'b', 'c', '%'),
      status: fc.constantFrom('submitted', 'skipped', 'unchanged', 'invalid', 'refused', 'failed'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
        const lines = rows.map(({ visitor }, at) => `${visitor},${at}\n`);
        const results = rows.map(({ status }, at) => rowResult({ rowNumber: at + 1, status }));
        const isRejected = (at: number) => ['invalid', 'refused', 'failed'].includes(rows[at]?.status ?? '');
        const expected = lines.filter((_, at) => {
          const earlier = rows
            .slice(0, at)
            .some((row, index) => row.visitor === rows[at]?.visitor && isRejected(index));
          return isRejected(at) || (earlier && rows[at]?.visitor !== '%');
        });
        expect(await make(`pcId,n\n${lines.join('')}`, results)).toBe(expected.length);
        if (expected.length > 0) expect((await rejects()).toString()).toBe(`pcId,n\n${expected.join('')}`);
      }),
      { numRuns: 40 },
    );
  });

  it('has beside it the line in it, the row in FILE, the status and the reason of each', async () => {
    const lines = ['batch=pcId,a\r\n', 'u1,1\r\n', '\r\n', 'u2,"x\ny"\n', 'u1,2\r', 'u3,3\n', 'u2,\n', 'u1,4'];
    const refused = { code: 'target-refused', text: 'no; =1 "x"' } as const;
    const timeout = { code: 'timeout', text: null } as const;
    const reasons = [null, refused, timeout];
    const statuses = ['submitted', 'refused', 'failed', 'submitted', 'skipped', 'submitted'] as const;
    const results = statuses.map((status, at) => rowResult({ rowNumber: at + 1, status, reason: reasons[at] ?? null }));
    await make(lines.join(''), results.toReversed());
    expect((await rejects()).toString()).toBe('batch=pcId,a\r\nu2,"x\ny"\nu1,2\ru2,\nu1,4\r\n');
    expect((await readFile(reasonsPath(), 'utf8')).split('\n')).toEqual([
      'line,row,status,reason',
      `2,2,refused,"target-refused: no; '=1 ""x"""`,
      '4,3,failed,timeout',
      '5,5,skipped,',
      '6,6,submitted,',
      '',
    ]);
    expect((await stat(reasonsPath())).mode & 0o777).toBe(0o600);
  });

  it('keeps bytes that are not UTF-8 as they are', async () => {
    const bad = Buffer.from('u1,\xff\xfe\n', 'latin1');
    await make(Buffer.concat([Buffer.from('pcId,a\n'), bad, Buffer.from('u2,1\n')]), [
      failed(1),
      rowResult({ rowNumber: 2 }),
    ]);
    expect(await rejects()).toEqual(Buffer.concat([Buffer.from('pcId,a\n'), bad]));
  });

  it('writes the rejects of a .gz as they would stand in the file', async () => {
    await make(gzipSync('pcId,a\nu1,1\nu2,2\n'), [rowResult(), failed(2)]);
    expect((await rejects()).toString()).toBe('pcId,a\nu2,2\n');
  });

  it('makes no file where there is nothing to put in, and removes none', async () => {
    await writeFile(rejectsPath(), 'old');
    expect(await make('pcId,a\nu1,1\n', [rowResult()])).toBe(0);
    expect((await rejects()).toString()).toBe('old');
    expect((await readdir(folder)).sort()).toEqual(['drop.csv', 'drop.csv.rejects.csv', 'drop.csv.results.csv']);
  });

  it('replaces that of an earlier run in one step, and only when it is whole', async () => {
    await writeFile(rejectsPath(), 'old');
    for (const refused of ['append', 'sync ', 'rename']) {
      disk.before = (operation) => {
        if (operation.startsWith(refused)) throw systemError('ENOSPC');
      };
      await expect(make('pcId,a\nu1,1\n', [failed(1)])).rejects.toMatchObject({ code: 'disk-full' });
      expect((await rejects()).toString()).toBe('old');
      expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }
  });

  it('refuses a report that does not hold what the job counted', async () => {
    const refused = { code: 'report-damaged', exitStatus: 2 };
    await expect(make('pcId,a\nu1,1\n', [failed(1)], 2)).rejects.toMatchObject(refused);
    await expect(make('pcId,a\nu1,1\n', [failed(1), failed(Number.MAX_SAFE_INTEGER)], 2)).rejects.toMatchObject(
      refused,
    );
    await expect(readFile(rejectsPath())).rejects.toThrow('ENOENT');
  });

  it('knows row numbers far apart', async () => {
    const rowCount = 9_999;
    const lines = Array.from({ length: rowCount }, (_, at) => `u${at},${at}\n`);
    const results = lines.map((_, at) => (at % 4_999 === 0 ? failed(at + 1) : rowResult({ rowNumber: at + 1 })));
    expect(await make(`pcId,n\n${lines.join('')}`, results)).toBe(3);
    expect((await rejects()).toString()).toBe('pcId,n\nu0,0\nu4999,4999\nu9998,9998\n');
  });
});
