import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Position, RawRow, Taken } from '../../src/batch/open.js';
import { packRawRows, unpackRawRows } from '../../src/thread/packed-raw-rows.js';
import { rawRowSource } from '../../src/thread/raw-row-source.js';
import { threadSource } from '../../src/thread/thread-source.js';

/** A thread runs what was built (`npm test` builds): it cannot load the sources. */
const program = new URL('../../dist/thread/raw-row-thread.js', import.meta.url);
const request = { path: 'drop.csv', batch: { delimiter: ',', values: 'encoded' } } as const;
const from: Position = { rowNumber: 1, lineNumber: 2, byte: 40 };

describe('raw rows made in a thread of their own', () => {
  it('are the same, in the same order, as those made here', async () => {
    const source = threadSource(program, request, unpackRawRows, 2);
    onTestFinished(() => source.close());
    const there = source.readerFrom(from);
    const here = rawRowSource(request).readerFrom(from);
    const chunks = ['a,1,2\nb,"3 ""x""\r\n', '4"\r\n\n', 'ü,', ',\n,,,,\n', 'lone\nlast,5'].map((text) =>
      Buffer.from(text),
    );
    chunks.splice(3, 0, Buffer.from([0xff, 0xfe, 0x41]));
    const asked = [...chunks.map((chunk) => there.take(chunk)), there.finish()];
    const expected: Taken<readonly RawRow[]>[] = [];
    for (const chunk of chunks) expected.push(await here.take(chunk));
    expected.push(await here.finish());
    expect(await Promise.all(asked)).toEqual(expected);
    const rows = expected.flatMap((taken) => taken.rows);
    expect(rows.map(({ isUtf8 }) => isUtf8)).toEqual([true, true, false, true, true, true]);
  });
});

describe('packed raw rows', () => {
  it('are unpacked as they were', () => {
    const cells = fc.array(fc.oneof(fc.constant(''), fc.string(), fc.string({ unit: 'grapheme' })));
    fc.assert(
      fc.property(fc.array(fc.tuple(cells, fc.boolean())), fc.nat(), (records, base) => {
        const rows = records.map(([cells, isUtf8], index) => ({
          rowNumber: base + index + 1,
          lineNumber: base + 2 * index,
          startByte: 2 ** 40 + 9 * index,
          endByte: 2 ** 40 + 9 * index + 8,
          cells,
          isUtf8,
          classes: index % 128,
          bytes: null,
        }));
        expect(unpackRawRows(structuredClone(packRawRows(rows)))).toEqual(rows);
      }),
    );
  });
});
