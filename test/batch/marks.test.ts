import { describe, expect, it } from 'vitest';
import { batchOf, cutEvery, encoded, raw, readChunks, rowsOf } from './support/batch-helpers.js';

/** Byte order marks between files that were joined. */

const mark = '\ufeff';

describe('a byte order mark at the start of a row', () => {
  const content = `1,x\n${mark}2,y\r${mark}"3,3",z\r\n\n${mark}\n4,w\n${mark}${mark}5,v\n${mark}`;

  it('is not a part of the row, however the content is cut', async () => {
    const expected = [
      ['1', 'x'],
      ['2', 'y'],
      ['3,3', 'z'],
      ['4', 'w'],
      ['5', 'v'],
    ];
    for (let size = 1; size <= content.length; size += 1) {
      const { rows, error } = await readChunks(cutEvery(Buffer.from(content), size), raw);
      expect(error).toBeNull();
      expect(rows.map(({ cells }) => cells)).toEqual(expected);
      expect(rows.map(({ lineNumber }) => lineNumber)).toEqual([1, 2, 3, 6, 7]);
      expect(rows.map(({ bytes }) => bytes?.toString())).toEqual(['1,x\n', '2,y\r', '"3,3",z\r\n', '4,w\n', '5,v\n']);
    }
  });

  it('changes no place: reading resumes at any row', async () => {
    const batch = await batchOf(`${mark}pcId,a\n${mark}${content}`, raw);
    const all = await rowsOf(batch);
    expect(all).toHaveLength(5);
    for (const { rowNumber, lineNumber, startByte: byte } of all) {
      const resumed = [];
      for await (const rows of batch.rows({ rowNumber, lineNumber, byte })) resumed.push(...rows);
      expect(resumed).toEqual(all.slice(rowNumber - 1));
    }
  });

  it('is text anywhere else', async () => {
    const { rows } = await readChunks([Buffer.from(`a,${mark}b\n"c\n${mark}d",e${mark}\n`)], encoded);
    expect(rows.map(({ cells }) => cells)).toEqual([
      ['a', `${mark}b`],
      [`c\n${mark}d`, `e${mark}`],
    ]);
  });
});
