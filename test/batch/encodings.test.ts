import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Encoding } from '../../src/batch/encodings.js';
import { type FoundEncoding, toEncoding, transcoded } from '../../src/batch/encodings.js';
import { batchOf, cellsOf, cutEvery, raw, rowsOf, told } from './support/batch-helpers.js';

async function inUtf8(bytes: Buffer, encoding: Exclude<FoundEncoding, 'utf-8'>, chunkBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  const chunks = (async function* () {
    yield* cutEvery(bytes, chunkBytes);
  })();
  for await (const part of transcoded(chunks, encoding)) parts.push(part);
  return Buffer.concat(parts);
}

const text = 'batch=thirdPartyId,city\nc-1,Köln\nc-2,Málaga\n';

describe('a file in another encoding', () => {
  const files: readonly (readonly [string, Encoding, Buffer])[] = [
    ['windows-1252', 'windows-1252', Buffer.from(text, 'latin1')],
    ['iso-8859-1', 'iso-8859-1', Buffer.from(text, 'latin1')],
    ['UTF-16 with its mark, without asking', 'utf-8', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['big-endian UTF-16 with its mark', 'utf-8', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['UTF-16 without a mark', 'utf-16', Buffer.from(text, 'utf16le')],
    ['big-endian UTF-16 without a mark', 'utf-16', Buffer.from(text, 'utf16le').swap16()],
    ['UTF-8 with its mark, whatever was asked for', 'windows-1252', Buffer.from(`\ufeff${text}`)],
  ];
  it.each(files)('is read: %s', async (_name, encoding, bytes) => {
    const batch = await batchOf(bytes, { ...raw, encoding });
    expect(batch.header.cells).toEqual(['thirdPartyId', 'city']);
    expect((await rowsOf(batch)).map(({ cells }) => cells[1])).toEqual(['Köln', 'Málaga']);
  });

  it('has the characters that Windows-1252 has in the place of controls', async () => {
    const bytes = Buffer.from('batch=pcId,a\n1,\x80 \x93x\x94\n', 'latin1');
    expect(await cellsOf(bytes, { ...raw, encoding: 'windows-1252' })).toEqual([['1', '€ “x”']]);
    expect(await cellsOf(bytes, { ...raw, encoding: 'iso-8859-1' })).toEqual([['1', '\x80 \x93x\x94']]);
  });

  it('is read on from any row as if it had come from the start', async () => {
    const rows = Array.from({ length: 50 }, (_, index) => `c-${index},Köln ${'€'.repeat(index)}\n`).join('');
    for (const bytes of [
      Buffer.from(`\ufeffbatch=thirdPartyId,city\n${rows}`, 'utf16le'),
      Buffer.from(`batch=thirdPartyId,city\n${rows.replaceAll('€', '\x80')}`, 'latin1'),
    ]) {
      const batch = await batchOf(bytes, { ...raw, encoding: 'windows-1252' });
      const all = await rowsOf(batch);
      expect(all).toHaveLength(50);
      for (const row of all) {
        const from = { rowNumber: row.rowNumber, lineNumber: row.lineNumber, byte: row.startByte };
        const resumed = [];
        for await (const some of batch.rows(from, { blockBytes: 97 })) resumed.push(...some);
        expect(resumed).toEqual(all.slice(row.rowNumber - 1));
      }
    }
  });

  it('has a row that is not well-formed UTF-16 as one that is not UTF-8', async () => {
    const bytes = Buffer.from('\ufeffbatch=pcId,a\n1,x\n2,\ud83d!\n3,z\n', 'utf16le');
    expect((await rowsOf(await batchOf(bytes, raw))).map(({ isUtf8 }) => isUtf8)).toEqual([true, false, true]);
  });

  it.each(['windows-1252', 'iso-8859-1', 'utf-16le', 'utf-16be'] as const)(
    'goes back to the very bytes that it came from, cut anywhere: %s',
    async (encoding) => {
      const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
      const units = fc
        .array(fc.constantFrom(0x41, 0xe9, 0xd83d, 0xde00, 0xdc00, 0xfffd, 0x0a), { maxLength: 20 })
        .map((codes) => Buffer.from(String.fromCharCode(...codes), 'utf16le'));
      await fc.assert(
        fc.asyncProperty(fc.oneof(bytes, units), fc.integer({ min: 1, max: 9 }), async (content, chunkBytes) => {
          const utf8 = await inUtf8(content, encoding, chunkBytes);
          expect(toEncoding(utf8, encoding)).toEqual(content);
          expect(utf8).toEqual(await inUtf8(content, encoding, 1_000));
        }),
      );
    },
  );
});

describe('what is between the cells', () => {
  it.each([
    ['a semicolon', 'thirdPartyId;a,b\n1;x\n2;"y;z"\n', ';'],
    ['a tab', 'pcId\ta\n1\tx\n', '\t'],
    ['a bar', 'customer|a\n1|x,y\n2|z\n', '|'],
    ['a comma, with other characters in a name', 'pcId,a;b\n1,x\n2,y\n', ','],
  ])('is found: %s', async (_name, content, delimiter) => {
    expect((await batchOf(content, { ...raw, delimiter: 'auto' })).format.delimiter).toBe(delimiter);
  });

  it.each(['pcId\n1\n', 'pcId,a;b,c;d\n1,2;3,4;5\n'])(
    'is not guessed where nothing speaks for one: %j',
    async (content) => {
      const error = await batchOf(content, { ...raw, delimiter: 'auto' }).catch((caught: unknown) => caught);
      expect(told(error)).toEqual({ code: 'delimiter-unclear', line: 1 });
    },
  );

  it.each([
    ['sep=;\npcId;a\n1;x\n', ';'],
    ['\ufeffsep=\t\r\npcId\ta\r\n1\tx\r\n', '\t'],
    ['"sep=|"\rpcId|a\r1|x\r', '|'],
  ])('is what a sep= line says, and the line belongs to the header: %j', async (content, delimiter) => {
    const batch = await batchOf(content, raw);
    expect(batch.format.delimiter).toBe(delimiter);
    expect(batch.header).toMatchObject({ cells: ['pcId', 'a'], lineNumber: 2 });
    expect(await rowsOf(batch)).toMatchObject([{ cells: ['1', 'x'], lineNumber: 3 }]);
    expect(content.startsWith(batch.header.bytes.toString())).toBe(true);
  });

  it.each([
    ['pcId,a,b\n1;x;y\n2;z\n', 2],
    ['pcId,a\n1\n\n"2,x"\n', 4],
    [`pcId,a\n${'1\n'.repeat(50_000)}2|x\n`, 50_002],
  ])('is not what the header says where no row is cut by it', async (content, line) => {
    const error = await batchOf(content, raw).catch((caught: unknown) => caught);
    expect(told(error)).toEqual({ code: 'rows-one-cell', line });
  });

  it.each(['pcId,a\n1\n2\n', 'pcId,a\n1;x\n2,y\n', 'pcId\n1;x\n', 'pcId,a\n'])(
    'may be missing in rows of ids alone: %j',
    async (content) => {
      await expect(batchOf(content, raw)).resolves.toBeDefined();
    },
  );
});

describe('a file that is not a CSV', () => {
  it.each([
    ['an Excel workbook', 'PK\x03\x04....[Content_Types].xml'],
    ['a zip archive', 'PK\x03\x04....a.csv'],
    ['an old Excel workbook', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
    ['a zstd archive', '\x28\xb5\x2f\xfd....'],
    ['an xz archive', '\xfd7zXZ\x00'],
    ['a bzip2 archive', 'BZh91AY&SY'],
    ['a PDF', '%PDF-1.7'],
    ['a web page', '<!DOCTYPE html><title>403'],
    ['JSON', '[{"id": 1}]'],
  ])('is named by its first bytes: %s', async (name, bytes) => {
    const error = await batchOf(Buffer.from(bytes, 'latin1')).catch((caught: unknown) => caught);
    expect(told(error)).toEqual({ code: 'file-not-text', line: 1 });
    expect(String(error)).toContain(`found ${name} `);
  });
});
