import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resultColumns, resultsHeader } from '../../../src/job/results/result.js';
import { anyRow, resultLine, rowResult } from '../support/result-rows.js';

const cellsOf = (line: string): string[] => {
  const [cells] = parse(line, { relax_column_count: true });
  return cells ?? [];
};
const idOf = (id: string) => cellsOf(resultLine(rowResult({ id })))[2];
const reasonOf = (text: string | null) =>
  cellsOf(resultLine(rowResult({ status: 'failed', reason: { code: 'network', text } })))[8];

describe('the line of a result', () => {
  it('writes a row as the columns say', () => {
    expect(resultsHeader).toBe('row,line,id,status,http_status,attempts,duration_ms,finished_at,reason,route\n');
    expect(resultLine(rowResult())).toBe('1,2,cust-1,submitted,200,1,12,2026-11-23T15:17:04.007Z,,update\n');
    const failed = rowResult({
      status: 'failed',
      httpStatus: null,
      attempts: 6,
      durationMs: 31_000.4,
      reason: { code: 'network', text: 'connection reset' },
    });
    expect(resultLine(failed)).toBe(
      '1,2,cust-1,failed,,6,31000,2026-11-23T15:17:04.007Z,"network: connection reset",update\n',
    );
  });

  it('is one physical line of ten cells without control characters, whatever id and text hold', () => {
    fc.assert(
      fc.property(anyRow, (row) => {
        const line = resultLine(row);
        expect(line.slice(0, -1)).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/,
        );
        expect(line.endsWith('\n')).toBe(true);
        expect(cellsOf(line)).toHaveLength(resultColumns.length);
      }),
    );
  });

  it('leaves an id as it is where nothing about it can harm', () => {
    for (const id of [
      '',
      '0',
      '00420',
      'a,b',
      'say "so"',
      'é日😀',
      'x=1',
      'a+b',
      '-5',
      '+491701234567',
      '-Ab-c_d',
      "'quoted",
    ]) {
      expect(idOf(id)).toBe(id);
    }
  });

  it('writes control characters of an id percent-encoded', () => {
    expect(idOf('a\nb')).toBe('a%0Ab');
    expect(idOf('\u001b[2J\u0085\u202e')).toBe('%1B[2J%C2%85%E2%80%AE');
    expect(idOf('\tx')).toBe('%09x');
  });

  it('puts an apostrophe before an id that a spreadsheet would calculate', () => {
    for (const id of ['=1+1', '@SUM(A1)', '+1+cmd|x', '-2+3', ' =1', '＝1', '+(1)', '-A1:B2', '=HYPERLINK("x","y")']) {
      expect(idOf(id)).toBe(id.replace(/[=@+\-＝]/, "'$&"));
    }
  });

  it('puts one before a sign after each character at which a spreadsheet cuts cells', () => {
    expect(idOf('a;=1')).toBe("a;'=1");
    expect(idOf('a,@x')).toBe("a,'@x");
    expect(idOf('a| -5')).toBe("a| '-5");
    expect(idOf(';"+1;=2')).toBe(`;"'+1;'=2`);
    expect(idOf("a;'=1")).toBe("a;''=1");
    expect(idOf('a-b;c=d')).toBe('a-b;c=d');
    expect(reasonOf('x;=HYPERLINK("y")')).toBe(`network: x;'=HYPERLINK("y")`);
    expect(reasonOf('=1')).toBe('network: =1');
  });

  it('has text from outside in quotes, but for an id of letters, digits, _, . and -', () => {
    expect(resultLine(rowResult({ id: 'a b' }))).toContain(',"a b",submitted');
    expect(resultLine(rowResult({ id: 'a;b' }))).toContain(',"a;b",submitted');
    expect(resultLine(rowResult({ id: 'Ab-c_1.2' }))).toContain(',Ab-c_1.2,submitted');
    expect(resultLine(rowResult({ id: '' }))).toContain(',,submitted');
    expect(resultLine(rowResult({ reason: { code: 'network', text: 'x' } }))).toContain(',"network: x"');
  });

  it('percent-encodes what looks like an encoded control character, and no other percent sign', () => {
    expect(idOf('50%25')).toBe('50%25');
    expect(idOf('a%20b')).toBe('a%20b');
    expect(idOf('a%0Ab')).toBe('a%250Ab');
    expect(idOf('a%250Ab')).toBe('a%25250Ab');
  });

  it('keeps the text of a reason to one line of 200 characters, and never cuts one in half', () => {
    expect(reasonOf('a\r\n\u001b[31mb ')).toBe('network: a [31mb');
    expect(reasonOf('\n\t')).toBe('network');
    expect(reasonOf('x'.repeat(300))).toBe(`network: ${'x'.repeat(200)}`);
    expect(reasonOf(`${'x'.repeat(199)}😀`)).toBe(`network: ${'x'.repeat(199)}`);
    expect(reasonOf('a, "b"')).toBe('network: a, "b"');
  });

  it('writes the time as toISOString does', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_000_000_000_000, max: 8_640_000_000_000_000 }), (finishedAtMs) => {
        expect(cellsOf(resultLine(rowResult({ finishedAtMs })))[7]).toBe(new Date(finishedAtMs).toISOString());
      }),
    );
  });
});
