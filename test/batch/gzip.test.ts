import { createHash } from 'node:crypto';
import { truncate } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openBatch } from '../../src/batch/open.js';
import { realDisk } from '../../src/platform/disk.js';
import { batchOf, encoded, failureOf, fileOf, opened, readAll, rowsOf, told } from './support/batch-helpers.js';

const head = 'batch=pcId,a\n';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function manyRows(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index},${sha256(String(index))}\n`).join('');
}

describe('a gzip', () => {
  it('is known by its first bytes, whatever its name, and its places are those of the text in it', async () => {
    const text = `${head}1,é\r\n\n2,"x\ny"`;
    const packed = await opened(await fileOf(gzipSync(text), 'drop.csv'));
    const plain = await batchOf(text);
    expect(packed.isCompressed).toBe(true);
    expect(plain.isCompressed).toBe(false);
    expect(packed.dataStart).toEqual(plain.dataStart);
    expect(await rowsOf(packed)).toEqual(await rowsOf(plain));
    expect(packed.fingerprint()).toEqual(plain.fingerprint());
  });

  it('of several members is read through', async () => {
    const first = gzipSync(`${head}1,x\n2,"y`);
    for (const parts of [[gzipSync('y"\n3,z\n')], [gzipSync(''), gzipSync('y"\n'), gzipSync('3,z\n')]]) {
      const rows = await rowsOf(await batchOf(Buffer.concat([first, ...parts])));
      expect(rows.map((row) => row.cells.join())).toEqual(['1,x', '2,yy', '3,z']);
    }
  });

  it('of many members that are cut by the reads anywhere is read through', async () => {
    const members = Array.from({ length: 1_000 }, (_, index) => gzipSync(`${index},${'x'.repeat(index % 50)}\n`));
    const rows = await rowsOf(await batchOf(Buffer.concat([gzipSync(head), ...members])));
    expect(rows.map((row) => Number(row.cells[0]))).toEqual(members.map((_, index) => index));
  });

  it('may be padded with zero bytes', async () => {
    for (const count of [1, 20_000, 70_000]) {
      const rows = await rowsOf(await batchOf(Buffer.concat([gzipSync(`${head}1,x\n`), Buffer.alloc(count)])));
      expect(rows).toHaveLength(1);
    }
  });

  it('that expands a thousandfold is read in pieces', async () => {
    const batch = await batchOf(gzipSync(`${head}${'1,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n'.repeat(50_000)}`));
    expect(batch.stat.sizeBytes).toBeLessThan(10_000);
    let rowCount = 0;
    for await (const rows of batch.rows(batch.dataStart)) {
      expect(rows.length).toBeLessThan(3_000);
      rowCount += rows.length;
    }
    expect(rowCount).toBe(50_000);
  });

  it('of nothing is an empty file', async () => {
    expect(told(await failureOf(batchOf(gzipSync(''))))).toEqual({ code: 'file-empty', line: null });
  });

  it('says for progress how much of its own bytes are read', async () => {
    const batch = await batchOf(gzipSync(head + manyRows(5_000)));
    await rowsOf(batch);
    expect(batch.readBytes()).toBe(batch.stat.sizeBytes);
  });
});

describe('a gzip that cannot be read on', () => {
  const text = head + manyRows(5_000);
  const packed = gzipSync(text);

  /** The rows that came before the error, held against the file, and the error. */
  async function readingOf(content: Buffer) {
    const batch = await batchOf(content);
    const { rows, error } = await readAll(batch.rows(batch.dataStart));
    expect(rows.map((row) => row.cells[0])).toEqual(rows.map((_, index) => String(index)));
    return { rows, batch, ...told(error) };
  }

  it('for it ends early says the line reached, and the rows before that are good', async () => {
    for (const cut of [4, 8, 9, packed.length >> 1]) {
      const { rows, code, line, batch } = await readingOf(packed.subarray(0, packed.length - cut));
      expect(code).toBe('file-gzip');
      expect(rows.length).toBeGreaterThan(2_000);
      expect(line).toBe(rows.length + 2);
      expect(batch.nextPosition().rowNumber).toBe(rows.length + 1);
    }
  });

  it('for it is damaged in the middle says so, the same each time', async () => {
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, packed.length >> 1, (packed.length >> 1) + 64);
    const first = await readingOf(damaged);
    expect(first.code).toBe('file-gzip');
    expect(first.rows.length).toBeGreaterThan(2_000);
    expect((await readingOf(damaged)).line).toBe(first.line);
  });

  it('for its checksum does not fit says so', async () => {
    const damaged = Buffer.from(packed);
    damaged.writeUInt32LE(0, packed.length - 8);
    expect((await readingOf(damaged)).code).toBe('file-gzip');
  });

  it('for something else follows it says so, after zero bytes too', async () => {
    for (const tail of ['garbage', '\0garbage', `${'\0'.repeat(40_000)}x`, '\x1f', '\x1f\x8b']) {
      expect((await readingOf(Buffer.concat([packed, Buffer.from(tail, 'latin1')]))).code).toBe('file-gzip');
    }
  });

  it('gives the rows before the error although one read held both', async () => {
    const damaged = gzipSync(`${head}${'1,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n'.repeat(50_000)}`);
    expect(damaged.length).toBeLessThan(16_384);
    damaged.writeUInt32LE(0, damaged.length - 8);
    const batch = await batchOf(damaged);
    const { rows, error } = await readAll(batch.rows(batch.dataStart));
    expect(rows.length).toBeGreaterThan(45_000);
    expect(told(error)).toEqual({ code: 'file-gzip', line: rows.length + 2 });
  });

  it('from its start is reported when it is opened', async () => {
    for (const content of [Buffer.from([0x1f, 0x8b]), Buffer.from('\x1f\x8bnot a gzip', 'latin1')]) {
      expect(told(await failureOf(openBatch(realDisk, await fileOf(content), encoded)))).toEqual({
        code: 'file-gzip',
        line: 1,
      });
    }
  });

  it('that has become shorter is reported as any other file', async () => {
    const path = await fileOf(packed);
    const batch = await opened(path);
    await truncate(path, packed.length - 100);
    const { error } = await readAll(batch.rows(batch.dataStart));
    expect(told(error).code).toBe('file-shrank');
  });
});
