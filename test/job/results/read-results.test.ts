import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  firstResultByte,
  isLineStart,
  parseResult,
  type ReportHead,
  type ResultLine,
  readReportHead,
  readResults,
} from '../../../src/job/results/read-results.js';
import { type RowResult, resultsHeader } from '../../../src/job/results/result.js';
import { realDisk } from '../../../src/platform/disk.js';
import type { DiskFile } from '../../../src/platform/ports.js';
import { spaced } from '../../../src/text/sanitize.js';
import { temporaryFolder } from '../../support/index.js';
import { anyRow, nastyText, resultLine, rowResult } from '../support/result-rows.js';

/** A report in memory that hands out at most `chunkBytes` at a time. */
function reportFile(content: Uint8Array, chunkBytes = 1000, onRead = () => {}): DiskFile {
  const never = () => Promise.reject(new Error('only read'));
  return {
    async read(into, positionBytes) {
      onRead();
      const part = content.subarray(positionBytes, positionBytes + Math.min(into.length, chunkBytes));
      into.set(part);
      return part.length;
    },
    append: never,
    sync: never,
    truncate: never,
    stat: never,
    close: never,
  };
}

async function readAll(content: Uint8Array, fromByte = firstResultByte, chunkBytes = 1000): Promise<ResultLine[]> {
  const all: ResultLine[] = [];
  for await (const lines of readResults(reportFile(content, chunkBytes), fromByte)) all.push(...lines);
  return all;
}

const reportOf = (rows: readonly RowResult[]) => Buffer.from(resultsHeader + rows.map(resultLine).join(''));

describe('readResults', () => {
  it('gives back every line that was written, with its place, however the bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRow, { maxLength: 8 }),
        fc.integer({ min: 1, max: 300 }),
        async (rows, chunkBytes) => {
          const report = reportOf(rows);
          const found = await readAll(report, firstResultByte, chunkBytes);
          expect(found.map(({ row }) => resultLine({ ...row, id: '', reason: null }))).toEqual(
            rows.map((row) => resultLine({ ...row, id: '', reason: null })),
          );
          expect(found.map(({ startByte, endByte }) => report.subarray(startByte, endByte).toString())).toEqual(
            rows.map(resultLine),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('gives back exactly the id that was written, and the text of the reason', () => {
    const hostile = fc.string({
      unit: fc.oneof(
        fc.constantFrom(';', ',', '|', '\t', '=', '+', '-', '@', '＝', "'", '"', ' ', '\u00a0', 'a', '1'),
        fc.constantFrom('%', '25', '0A', '7F', 'C2', '85', 'D8', '9C', 'E2', '80', 'A8', '81', 'A6', '\n', '\u2028'),
        fc.constantFrom('\u0000', '\u0085', '\u061c', '\u200e', '\u202e', '\u2069', '\u007f', '\u009f', '\ufeff'),
      ),
      maxLength: 14,
    });
    fc.assert(
      fc.property(fc.oneof(hostile, nastyText), hostile, (id, text) => {
        const line = resultLine(rowResult({ id, reason: { code: 'network', text } })).slice(0, -1);
        const read = parseResult(line);
        expect(read?.id).toBe(id);
        expect(read?.reason?.text ?? '').toBe(spaced(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads every control character back', () => {
    const characters = [...Array(0x2100).keys()].map((unit) => String.fromCharCode(unit));
    for (const character of [...characters, '\ufeff', '\ufffa', '\u{e0041}']) {
      const id = `a${character}b`;
      expect(parseResult(resultLine(rowResult({ id })).slice(0, -1))?.id).toBe(id);
      expect(parseResult(resultLine(rowResult({ id: encodeURIComponent(id) })).slice(0, -1))?.id).toBe(
        encodeURIComponent(id),
      );
    }
  });

  it('gives id and reason as they were handed in', async () => {
    const rows = [
      rowResult({ id: 'a,"b"', reason: { code: 'network', text: 'x, "y"' } }),
      rowResult({ rowNumber: 2, id: '=1\n', reason: { code: 'id-empty', text: null } }),
    ];
    const found = await readAll(reportOf(rows));
    expect(found.map(({ row }) => [row.id, row.reason])).toEqual([
      ['a,"b"', { code: 'network', text: 'x, "y"' }],
      ['=1\n', { code: 'id-empty', text: null }],
    ]);
  });

  it('believes the whole lines before any place at which a report is torn', async () => {
    const rows = [rowResult(), rowResult({ rowNumber: 2, id: 'a "q", é' }), rowResult({ rowNumber: 3, id: '日本' })];
    const report = reportOf(rows);
    for (let sizeBytes = firstResultByte; sizeBytes <= report.length; sizeBytes += 1) {
      const torn = report.subarray(0, sizeBytes);
      const wholeCount = torn.toString('latin1').split('\n').length - 2;
      for (const rest of [Buffer.alloc(0), Buffer.alloc(700)]) {
        expect(await readAll(Buffer.concat([torn, rest]))).toHaveLength(wholeCount);
      }
    }
  });

  it('ends at a line that is not a result, whatever stands after it', async () => {
    const good = resultLine(rowResult({ rowNumber: 2 }));
    const bad = [
      '',
      '1,2,a,submitted,200,1,12,2026-11-23T15:17:04.007Z',
      '1,2,a,submitted,200,1,12,2026-11-23T15:17:04.007Z,,,',
      '1,2,a,submitted,200,1,12,2026-11-23T15:17:04.007Z,',
      '1,2,a,submitted,200,1,12,2026-11-23T15:17:04.007Z,,bulk',
      '0,2,a,submitted,200,1,12,2026-11-23T15:17:04.007Z,,',
      '1,2,a,sent,200,1,12,2026-11-23T15:17:04.007Z,,',
      '1,2,a,submitted,2000,1,12,2026-11-23T15:17:04.007Z,,',
      '1,2,a,submitted,200,-1,12,2026-11-23T15:17:04.007Z,,',
      '1,2,a,submitted,200,1,12,2026-11-23T15:17:64.007Z,,',
      '1,2,a,submitted,200,1,12,2026-13-23T15:17:04.007Z,,',
      '1,2,a,submitted,200,1,12,2026-11-23T15:17:04.007Z,no-such-code,',
      '1,2,"a,submitted,200,1,12,2026-11-23T15:17:04.007Z,,',
      '1,2,a\u0000,submitted,200,1,12,2026-11-23T15:17:04.007Z,,',
      '01,2,a,submitted,200,1,12,2026-11-23T15:17:04.007Z,,',
    ];
    for (const line of bad) {
      expect(parseResult(line), line).toBeNull();
      const report = `${resultsHeader}${resultLine(rowResult())}${line}\n${good}`;
      expect(await readAll(Buffer.from(report)), line).toHaveLength(1);
    }
    const notUtf8 = Buffer.concat([
      reportOf([rowResult()]),
      Buffer.from(good.replace('cust-1', 'cust-\xff'), 'latin1'),
    ]);
    expect(await readAll(notUtf8)).toHaveLength(1);
  });

  it('does not read further after a line that is not a result, nor in a line without end', async () => {
    const readCount = async (rest: string) => {
      let count = 0;
      const content = Buffer.concat([reportOf([rowResult()]), Buffer.from(rest)]);
      for await (const lines of readResults(
        reportFile(content, 1_000_000, () => (count += 1)),
        firstResultByte,
      )) {
        expect(lines).toHaveLength(1);
      }
      return count;
    };
    expect(await readCount(`x\n${'x'.repeat(3_000_000)}`)).toBe(1);
    expect(await readCount('x'.repeat(9_000_000))).toBeLessThan(20); // of 35, at 256 KB each
  });

  it('reads a line as long as the longest id makes it', async () => {
    const report = reportOf([rowResult({ id: '\u2028'.repeat(330_000) }), rowResult({ rowNumber: 2 })]);
    expect(await readAll(report, firstResultByte, 1_000_000)).toHaveLength(2);
  });

  it('begins where it is told to', async () => {
    const rows = [rowResult(), rowResult({ rowNumber: 2 }), rowResult({ rowNumber: 3 })];
    const [, second] = await readAll(reportOf(rows));
    const found = await readAll(reportOf(rows), second?.startByte);
    expect(found.map(({ row }) => row.rowNumber)).toEqual([2, 3]);
  });
});

describe('readReportHead', () => {
  const headOf = async (content: string): Promise<ReportHead> => {
    const path = join(await temporaryFolder(), 'drop.csv.results.csv');
    await writeFile(path, content);
    const file = await realDisk.open(path, 'read');
    const head = await readReportHead(file);
    await file.close();
    return head;
  };

  it('knows a whole header, what a crash leaves of one, and everything else', async () => {
    expect(await headOf(resultsHeader)).toBe('whole');
    expect(await headOf(resultsHeader + resultLine(rowResult()))).toBe('whole');
    expect(await headOf('')).toBe('begun');
    expect(await headOf(resultsHeader.slice(0, 20))).toBe('begun');
    expect(await headOf('\0'.repeat(resultsHeader.length))).toBe('begun');
    expect(await headOf(`${resultsHeader.slice(0, 20)}\0\0\0`)).toBe('begun');
    expect(await headOf('id,points\n')).toBe('strange');
    expect(await headOf(`${resultsHeader.slice(0, 20)}\0x`)).toBe('strange');
    expect(await headOf('\0'.repeat(resultsHeader.length + 1))).toBe('strange');
    expect(await headOf(`${resultsHeader.slice(0, -1)};`)).toBe('strange');
  });
});

describe('isLineStart', () => {
  it('says whether a line begins at a byte', async () => {
    const path = join(await temporaryFolder(), 'drop.csv.results.csv');
    await appendFile(path, 'ab\ncd\n');
    const file = await realDisk.open(path, 'read');
    expect(await Promise.all([1, 3, 4, 6, 7].map((byte) => isLineStart(file, byte)))).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
    await file.close();
  });
});
