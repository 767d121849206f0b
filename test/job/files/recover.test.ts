import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Checkpoint, endedRowCount } from '../../../src/job/files/checkpoint.js';
import { recover } from '../../../src/job/files/recover.js';
import { type RowResult, resultsHeader } from '../../../src/job/results/result.js';
import { temporaryFolder } from '../../support/index.js';
import { checkpointOf } from '../support/checkpoints.js';
import { resultLine, rowResult } from '../support/result-rows.js';
import { type WatchedDisk, watchedDisk } from '../support/watched-disk.js';

let path = '';
let disk: WatchedDisk;

beforeEach(async () => {
  path = join(await temporaryFolder(), 'drop.csv.results.csv');
  disk = watchedDisk();
});

/** What a run would have in its checkpoint after it wrote `lines`, if it looked back to the oldest line that it needs. */
function checkpointAfter(lines: readonly RowResult[], changes: Partial<Checkpoint> = {}): Checkpoint {
  const endedRows = new Set(lines.map((row) => row.rowNumber));
  let next = 1;
  while (endedRows.has(next)) next += 1;
  const base = checkpointOf();
  const counts = { ...base.counts };
  const reasons = new Map<string, Checkpoint['reasons'][number]>();
  let [endByte, fromByte, attempts] = [resultsHeader.length, -1, 0];
  for (const row of lines) {
    counts[row.status] += 1;
    attempts += row.attempts;
    if (row.rowNumber >= next && fromByte < 0) fromByte = endByte;
    if (row.reason !== null) {
      const { code } = row.reason;
      const known = reasons.get(code) ?? { code, count: 0, exampleRow: row.rowNumber, exampleLine: row.lineNumber };
      reasons.set(code, { ...known, count: known.count + 1 });
    }
    endByte += Buffer.byteLength(resultLine(row));
  }
  return checkpointOf({
    next: { rowNumber: next, lineNumber: next + 1, byte: 20 * next },
    results: { fromByte: fromByte < 0 ? endByte : fromByte, endByte },
    counts,
    attempts,
    reasons: [...reasons.values()],
    ...changes,
  });
}

const reportOf = (lines: readonly RowResult[]) => Buffer.from(resultsHeader + lines.map(resultLine).join(''));

const line = (rowNumber: number, changes: Partial<RowResult> = {}) =>
  rowResult({ rowNumber, lineNumber: rowNumber + 1, id: `é${rowNumber}`, ...changes });

/** Rows of a job in the order in which they ended: near the file's, as concurrency makes it. */
const ending = fc
  .array(fc.record({ delay: fc.nat(6), attempts: fc.integer({ min: 1, max: 4 }), isFine: fc.boolean() }), {
    maxLength: 12,
  })
  .map((rows) =>
    rows
      .map(({ delay, attempts, isFine }, at) => ({
        endsAt: at + delay,
        row: line(
          at + 1,
          isFine ? { attempts } : { attempts, status: 'failed', reason: { code: 'timeout', text: null } },
        ),
      }))
      .sort((one, other) => one.endsAt - other.endsAt)
      .map(({ row }) => row),
  );

describe('recover', () => {
  it('comes to what a run would know that had seen every whole line, wherever the report ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        ending,
        fc.nat(),
        fc.nat(),
        fc.constantFrom('', '\0\0\0', '7,8,"', 'x\n1,2,x,submi'),
        async (lines, a, b, rest) => {
          const known = lines.slice(0, a % (lines.length + 1));
          const checkpoint = checkpointAfter(known);
          const report = reportOf(lines);
          const sizeBytes = checkpoint.results.endByte + (b % (report.length - checkpoint.results.endByte + 1));
          const whole = report.subarray(0, sizeBytes).lastIndexOf('\n') + 1;
          const wholeLines = lines.filter((_, at) => reportOf(lines.slice(0, at + 1)).length <= whole);
          await writeFile(
            path,
            Buffer.concat([report.subarray(0, sizeBytes), Buffer.from(sizeBytes === whole ? rest : '')]),
          );

          const found = await recover(disk, checkpoint, path);

          const expected = checkpointAfter(wholeLines);
          expect(found.checkpoint.counts).toEqual(expected.counts);
          expect(found.checkpoint.reasons).toEqual(expected.reasons);
          expect(found.checkpoint.attempts).toBe(expected.attempts);
          expect(found.checkpoint.results).toEqual({ fromByte: checkpoint.results.fromByte, endByte: whole });
          const stillOpen = wholeLines.filter((row) => row.rowNumber >= checkpoint.next.rowNumber);
          expect(new Set(found.ended.keys())).toEqual(new Set(stillOpen.map((row) => row.rowNumber)));
          for (const [rowNumber, startByte] of found.ended) {
            expect(report.subarray(startByte).toString()).toMatch(new RegExp(`^${rowNumber},`));
          }
          expect(await readFile(path)).toEqual(report.subarray(0, whole));
        },
      ),
      { numRuns: 80 },
    );
  });

  it('makes durable what it believes, after the cut', async () => {
    await writeFile(path, `${resultsHeader}${resultLine(line(1))}2,3,to`);
    const found = await recover(disk, checkpointAfter([]), path);
    expect(found.cutBytes).toBe('2,3,to'.length);
    const endByte = resultsHeader.length + resultLine(line(1)).length + 1; // é takes two bytes
    expect(disk.operations.slice(1)).toEqual([`truncate drop.csv.results.csv ${endByte}`, 'sync drop.csv.results.csv']);
  });

  it('counts the attempts of a row that was open at the checkpoint once', async () => {
    await writeFile(path, reportOf([line(2, { attempts: 3 })]));
    const openRows = [1, 2].map((rowNumber) => ({ rowNumber, attempts: 2, firstTryAtMs: 0 }));
    const { checkpoint } = await recover(disk, checkpointAfter([], { attempts: 4, openRows }), path);
    expect(checkpoint.attempts).toBe(5);
    expect(checkpoint.openRows).toEqual([{ rowNumber: 1, attempts: 2, firstTryAtMs: 0 }]);
  });

  const three = [line(1), line(3), line(2)];
  const after = checkpointAfter(three.slice(0, 2));
  const { fromByte, endByte } = after.results;
  const refusals: [string, string, Buffer, Checkpoint][] = [
    ['a report that is shorter than the checkpoint says', 'it is shorter', reportOf(three.slice(0, 1)), after],
    ['a report cut in a counted line', 'it is shorter', reportOf(three).subarray(0, endByte - 1), after],
    [
      'a counted line that is zeros',
      'a line that the checkpoint counts is not whole',
      Buffer.concat([reportOf(three).subarray(0, fromByte), Buffer.alloc(endByte - fromByte)]),
      after,
    ],
    [
      'a report with another header',
      'its first line',
      Buffer.from(reportOf(three).toString().replace('duration_ms', 'duration in')),
      after,
    ],
    [
      'a report without a header',
      'its first line',
      reportOf([...three, line(4), line(5)]).subarray(resultsHeader.length),
      after,
    ],
    [
      'a checkpoint that begins in the middle of a line',
      'a line that does not exist',
      reportOf(three),
      { ...after, results: { fromByte: fromByte + 1, endByte } },
    ],
    [
      'a checkpoint that ends in the middle of a line',
      'a line ends elsewhere',
      reportOf(three),
      { ...after, results: { fromByte, endByte: endByte - 1 } },
    ],
    ['a row that has two lines', 'row 3 is in it twice', reportOf([...three, line(3)]), after],
    ['a second line of a row that had ended', 'row 1 is in it twice', reportOf([...three, line(1)]), after],
    [
      'fewer lines than are counted',
      'it has not the lines',
      reportOf(three),
      { ...after, counts: { ...after.counts, submitted: 4 } },
    ],
    ['the lines of another run', 'it has not the lines', reportOf([line(3), line(1), line(2)]), after],
  ];
  for (const [what, why, report, checkpoint] of refusals) {
    it(`refuses ${what}, and changes nothing`, async () => {
      await writeFile(path, report);
      const refusal = recover(disk, checkpoint, path);
      await expect(refusal).rejects.toMatchObject({ code: 'report-damaged', exitStatus: 2 });
      await expect(refusal).rejects.toThrow(why);
      await expect(refusal).rejects.toThrow(/--restart/);
      expect(await readFile(path)).toEqual(report);
    });
  }

  it('refuses a checkpoint without its report, and does not make one', async () => {
    await rm(path, { force: true });
    await expect(recover(disk, checkpointAfter([]), path)).rejects.toMatchObject({
      code: 'report-missing',
      exitStatus: 2,
    });
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  });

  it('takes a checkpoint and a report that agree', async () => {
    await writeFile(path, reportOf(three));
    const found = await recover(disk, after, path);
    expect([...found.ended.keys()]).toEqual([3, 2]);
    expect(endedRowCount(found.checkpoint.counts)).toBe(3);
    expect(found.cutBytes).toBe(0);
  });
});

describe('the lines of one update', () => {
  const coalesced = (rowNumber: number, withRow: number) =>
    line(rowNumber, {
      ...{ id: 'hot', httpStatus: null, attempts: 0, durationMs: 0 },
      reason: { code: 'coalesced', text: `with row ${withRow}` },
    });
  const update = [coalesced(1, 5), coalesced(3, 5), line(5, { id: 'hot', attempts: 2 })];
  const before = [line(2), line(4)];

  it('count all together, or are discarded together: those that a kill left without the last one', async () => {
    const base = checkpointOf({ openRows: [{ rowNumber: 1, attempts: 1, firstTryAtMs: 0 }], attempts: 1 });
    const all = reportOf([...before, ...update]);
    const beforeBytes = reportOf(before).length;
    for (let endByte = beforeBytes; endByte <= all.length; endByte += 1) {
      await writeFile(path, all.subarray(0, endByte));
      const found = await recover(disk, base, path);
      const isWhole = endByte === all.length;
      expect([...found.ended.keys()]).toEqual(isWhole ? [2, 4, 1, 3, 5] : [2, 4]);
      expect(found.checkpoint.counts.submitted).toBe(isWhole ? 5 : 2);
      // One attempt of row 1 is in the checkpoint: it went out by itself, and then with the others.
      expect(found.checkpoint.attempts).toBe(isWhole ? 4 : 3);
      expect(found.checkpoint.reasons.map(({ count }) => count)).toEqual(isWhole ? [2] : []);
      expect(await readFile(path)).toEqual(isWhole ? all : all.subarray(0, beforeBytes));
    }
  });

  it('are damage where the checkpoint counts some of them and the last is missing', async () => {
    const lines = [...before, ...update];
    await writeFile(path, reportOf(lines));
    const checkpoint = checkpointAfter(lines);
    await truncate(path, reportOf(lines.slice(0, -1)).length);
    const shorter = { ...checkpoint.results, endByte: reportOf(lines.slice(0, -1)).length };
    await expect(recover(disk, { ...checkpoint, results: shorter }, path)).rejects.toMatchObject({
      code: 'report-damaged',
    });
  });

  it('count also where the checkpoint begins in the middle of them', async () => {
    const lines = [line(2), ...update, line(4)];
    await writeFile(path, reportOf(lines));
    const next = { rowNumber: 4, lineNumber: 5, byte: 80 };
    const fromByte = reportOf(lines.slice(0, 2)).length;
    const checkpoint = checkpointAfter(lines.slice(0, 4));
    const found = await recover(disk, { ...checkpoint, next, results: { ...checkpoint.results, fromByte } }, path);
    expect([...found.ended.keys()]).toEqual([5, 4]);
  });
});
