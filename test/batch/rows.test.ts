import { describe, expect, it } from 'vitest';
import { batchOf, cellsOf, cutEvery, encoded, raw, readChunks, rowsOf, start, told } from './support/batch-helpers.js';

const textOf = (line: string) => cellsOf(`batch=pcId,a,b\n${line}\n`);

describe('cells', () => {
  it('are text: spaces, numbers and letters after a quote stay as they are', async () => {
    expect(await textOf(' 007 ,1e3, true')).toEqual([[' 007 ', '1e3', ' true']]);
  });

  it('keep a quote inside an unquoted cell', async () => {
    expect(await textOf('1,5" pipe,a"b"c')).toEqual([['1', '5" pipe', 'a"b"c']]);
  });

  it('keep the quotes of a quoted cell that has text after its closing quote', async () => {
    expect(await textOf('1,"abc"def,"a,b" c')).toEqual([['1', '"abc"def', '"a,b" c']]);
    expect(await textOf('1,""abc"",x')).toEqual([['1', '""abc""', 'x']]);
  });

  it('are unquoted, doubled quotes made single', async () => {
    expect(await textOf('"1","say ""hi"", or, not",""')).toEqual([['1', 'say "hi", or, not', '']]);
  });

  it('may be fewer or more than the header has', async () => {
    expect(await cellsOf('batch=pcId,a\n1\n2,x,y,z\n3,x\n')).toEqual([['1'], ['2', 'x', 'y', 'z'], ['3', 'x']]);
  });

  it('are cut at another delimiter where one is given', async () => {
    expect(await cellsOf('batch=pcId;a\n1;x,y\n', { ...encoded, delimiter: ';' })).toEqual([['1', 'x,y']]);
    expect(await cellsOf('batch=pcId·a\n1·"x·y"\n', { ...encoded, delimiter: '·' })).toEqual([['1', 'x·y']]);
  });
});

describe('lines', () => {
  it('end with LF, CR LF or CR, mixed in one file, and each row says on which it begins', async () => {
    const rows = await rowsOf(await batchOf('batch=pcId,a\r\n1,a\n2,b\r3,c\r\n4,d'));
    expect(rows.map((row) => [row.lineNumber, row.rowNumber, row.cells])).toEqual([
      [2, 1, ['1', 'a']],
      [3, 2, ['2', 'b']],
      [4, 3, ['3', 'c']],
      [5, 4, ['4', 'd']],
    ]);
  });

  it('count once for a CR LF in a quoted cell', async () => {
    const rows = await rowsOf(await batchOf('batch=pcId,a\n1,"x\r\ny\nz\rw"\n2,b\n'));
    expect(rows.map((row) => row.lineNumber)).toEqual([2, 6]);
  });

  it('that are blank are not rows, but count', async () => {
    const rows = await rowsOf(await batchOf('\n\r\nbatch=pcId,a\n\n\r\r\n1,a\n\n\n2,b\n\n'));
    expect(rows.map((row) => [row.lineNumber, row.cells[0]])).toEqual([
      [7, '1'],
      [10, '2'],
    ]);
  });

  it('with nothing but quotes or delimiters are rows', async () => {
    expect(await cellsOf('batch=pcId\n""\n1\n')).toEqual([[''], ['1']]);
    expect(await cellsOf('batch=pcId,a,b\n,,\n')).toEqual([['', '', '']]);
  });

  it('that are blank take no memory, however many', async () => {
    const { rows, error } = await readChunks(Array.from({ length: 20 }, () => Buffer.alloc(65_536, '\n')));
    expect({ rows, error }).toEqual({ rows: [], error: null });
    const last = await readChunks([
      ...Array.from({ length: 20 }, () => Buffer.alloc(65_536, '\n')),
      Buffer.from('1,x'),
    ]);
    expect(last.rows.map((row) => row.lineNumber)).toEqual([20 * 65_536 + 1]);
  });
});

describe('bytes', () => {
  const file = Buffer.from('1,"é\r\n€"\r\n\n"😀",x\r\r\n3,日本語');
  const expected = ['1,"é\r\n€"\r\n', '"😀",x\r', '3,日本語'];

  it.each([1, 2, 3, 5, 1_000])('of each row are exact where chunks of %i bytes cut anything', async (sizeBytes) => {
    const { rows, error } = await readChunks(cutEvery(file, sizeBytes));
    expect(error).toBeNull();
    expect(rows.map((row) => row.bytes?.toString())).toEqual(expected);
    expect(rows.map((row) => file.toString('utf8', row.startByte, row.endByte))).toEqual(expected);
    expect(rows.map((row) => row.lineNumber)).toEqual([1, 4, 6]);
    expect(rows.map((row) => row.cells)).toEqual([
      ['1', 'é\r\n€'],
      ['😀', 'x'],
      ['3', '日本語'],
    ]);
  });

  it('come only when they are asked for', async () => {
    const batch = await batchOf('batch=pcId,a\n1,x\n');
    expect((await rowsOf(batch)).map((row) => row.bytes)).toEqual([null]);
    for await (const [row] of batch.rows(batch.dataStart, { withBytes: true })) {
      expect(row?.bytes?.toString()).toBe('1,x\n');
    }
  });

  it('that are not UTF-8 are reported for their row alone, and a real U+FFFD is fine', async () => {
    const latin1 = Buffer.from('2,Z\xfcrich\n', 'latin1');
    const surrogate = Buffer.from([0x34, 0x2c, 0xed, 0xa0, 0x80, 0x0a]);
    const content = Buffer.concat([Buffer.from('1,\uFFFD\n'), latin1, Buffer.from('3,Zürich\n'), surrogate]);
    for (const sizeBytes of [1, 1_000]) {
      const { rows } = await readChunks(cutEvery(content, sizeBytes));
      expect(rows.map((row) => row.isUtf8)).toEqual([true, false, true, false]);
    }
  });
});

describe('a row of another length than the others', () => {
  it('costs csv-parse no error object', async () => {
    const { RecordParser } = await import('../../src/batch/record-parser.js');
    const parser = new RecordParser(',', () => {});
    await parser.feed(Buffer.from('a,b,c\n1\n2,3\n4,5,6,7\n'));
    await parser.finish();
    expect(parser.info.invalid_field_length).toBe(0);
  });
});

describe('what cannot be read on', () => {
  const good = '1,a\n';
  const afterGood = { ...start, lineNumber: 2 };

  async function failing(bad: string | Buffer, options = encoded, sizeBytes = 65_536) {
    const content = Buffer.concat([Buffer.from(good), Buffer.from(bad)]);
    const { rows, error } = await readChunks(cutEvery(content, sizeBytes), options, afterGood);
    return { rows: rows.map((row) => row.cells[0]), ...told(error) };
  }

  it.each([65_536, 1])('is a quote that never closes: the line where it opens (chunks of %i)', async (sizeBytes) => {
    const expected = { rows: ['1'], code: 'file-quote-open' };
    expect(await failing('\n2,"x\n3,y\n', encoded, sizeBytes)).toEqual({ ...expected, line: 4 });
    expect(await failing('"2,x\n3,y', encoded, sizeBytes)).toEqual({ ...expected, line: 3 });
    expect(await failing(',"x\n', encoded, sizeBytes)).toEqual({ ...expected, line: 3 });
    expect(await failing('2,"a\nb\nc","x\ny', encoded, sizeBytes)).toEqual({ ...expected, line: 5 });
  });

  it('is a record over 20 lines with encoded values; one of 20 is fine', async () => {
    const lines = (count: number) => `2,"${'x\n'.repeat(count - 1)}"\n3,y\n`;
    for (const sizeBytes of [65_536, 1]) {
      const expected = { rows: ['1'], code: 'file-record-lines', line: 3 };
      expect(await failing(lines(21), encoded, sizeBytes)).toEqual(expected);
      expect(await failing(`2,"${'x\n'.repeat(21)}`, encoded, sizeBytes)).toEqual(expected);
    }
    expect(await cellsOf(`batch=pcId,a\n${lines(20)}`)).toHaveLength(2);
    expect(await cellsOf(`batch=pcId,a\n2,"${'x\n'.repeat(19)}"`)).toHaveLength(1);
    expect(await cellsOf(`batch=pcId,a\n${lines(21)}`, raw)).toHaveLength(2);
  });

  it('is a record over 1,000,000 bytes; one of exactly 1,000,000 bytes is fine', async () => {
    const record = (sizeBytes: number) => `2,${'x'.repeat(sizeBytes - 3)}\n`;
    const expected = { rows: ['1'], code: 'file-record-bytes', line: 3 };
    for (const sizeBytes of [16_384, 2_000_000]) {
      expect(await failing(record(1_000_001), raw, sizeBytes)).toEqual(expected);
      expect(await failing(record(1_000_010), raw, sizeBytes)).toEqual(expected);
      expect(await failing(record(1_100_000), raw, sizeBytes)).toEqual(expected);
      expect(await failing(`2,${','.repeat(1_100_000)}`, raw, sizeBytes)).toEqual(expected);
    }
    const chunks = [record(1_000_000), '\n\n', '3,y\n'].map((text) => Buffer.from(text));
    expect((await readChunks(chunks)).rows.map((row) => row.lineNumber)).toEqual([1, 4]);
  });

  it('is reported by the limit that comes first in the record, however it is cut', async () => {
    const long = 'x'.repeat(1_000_000);
    for (const sizeBytes of [16_384, 4_000_000]) {
      const linesFirst = await failing(`2,"${'\n'.repeat(30)}${long}"\n`, encoded, sizeBytes);
      expect(linesFirst).toMatchObject({ code: 'file-record-lines' });
      const bytesFirst = await failing(`2,"${long}${'\n'.repeat(30)}"\n`, encoded, sizeBytes);
      expect(bytesFirst).toMatchObject({ code: 'file-record-bytes' });
    }
  });

  it('names the line of the open quote where a record grows too long with it', async () => {
    const { error } = await readChunks([Buffer.from(`1,"a\nb","${'x'.repeat(1_100_000)}`)], raw);
    expect(String(error)).toContain('line 1: the record that begins here is over 1,000,000 bytes long');
    expect(String(error)).toContain('its quote on line 2 is not closed');
  });

  it.each([65_536, 1])('is a NUL byte: whole rows before it are good (chunks of %i)', async (sizeBytes) => {
    const expected = { code: 'file-not-text', line: 3 };
    expect(await failing('\0', encoded, sizeBytes)).toEqual({ ...expected, rows: ['1'] });
    expect(await failing('2,x\0y\n3,z\n', encoded, sizeBytes)).toEqual({ ...expected, rows: ['1'] });
    expect(await failing('2,x\n3,"y\n\0"\n', encoded, sizeBytes)).toEqual({ ...expected, rows: ['1', '2'], line: 5 });
  });

  it('leaves the next position where the bad record begins', async () => {
    const batch = await batchOf('batch=pcId,a\n1,x\n\n2,"y\n');
    await expect(rowsOf(batch)).rejects.toThrow('line 4');
    expect(batch.nextPosition()).toEqual({ rowNumber: 2, lineNumber: 4, byte: 18 });
  });

  it('is reported without anything that the cells hold', async () => {
    for (const bad of ['2,"secret\n', `2,"${'secret\n'.repeat(30)}"`, '2,secret\0', `2,${'secret'.repeat(200_000)}`]) {
      const { error } = await readChunks([Buffer.from(bad)]);
      expect(String(error)).not.toContain('secret');
    }
  });
});
