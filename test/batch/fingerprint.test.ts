import { createHash } from 'node:crypto';
import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fingerprinter, noContent } from '../../src/batch/fingerprint.js';
import type { Position, RawRow } from '../../src/batch/open.js';
import { batchOf, diskWith, encoded, fileOf, opened, readAll, rowsOf } from './support/batch-helpers.js';

const blockBytes = 1_048_576;

/** What the interface says a fingerprint is, in the plainest words. */
function expectedDigest(content: Buffer): string {
  let chain: Buffer = Buffer.alloc(32);
  let at = 0;
  for (; at + blockBytes <= content.length; at += blockBytes) {
    chain = createHash('sha256')
      .update(chain)
      .update(content.subarray(at, at + blockBytes))
      .digest();
  }
  return createHash('sha256').update(chain).update(content.subarray(at)).digest('hex');
}

function fingerprintOf(content: Buffer, cuts: readonly number[] = []) {
  const fingerprinter = new Fingerprinter(noContent);
  const places = [0, ...cuts.map((cut) => cut % (content.length + 1)).sort((a, b) => a - b), content.length];
  places.forEach((place, index) => {
    fingerprinter.take(content.subarray(place, places[index + 1]), place);
  });
  return fingerprinter.fingerprint();
}

const random = Buffer.alloc(3 * blockBytes + 77);
for (let at = 0; at < random.length; at += 1) random[at] = (at * 2_654_435_761) >>> 13;

describe('a fingerprint', () => {
  it.each([0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 3 * blockBytes + 77])(
    'of %i bytes is a chain of SHA-256 over blocks of 1 MiB',
    (sizeBytes) => {
      const content = random.subarray(0, sizeBytes);
      expect(fingerprintOf(content)).toMatchObject({
        bytes: sizeBytes,
        digest: expectedDigest(content),
        blockCount: Math.floor(sizeBytes / blockBytes),
      });
    },
  );

  it('is the same however its content is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(random.length), { maxLength: 6 }), (cuts) => {
        expect(fingerprintOf(random, cuts)).toEqual(fingerprintOf(random));
      }),
      { numRuns: 20 },
    );
  });

  it('carried on from its last whole block is the same as in one go', () => {
    fc.assert(
      fc.property(fc.nat(random.length), fc.nat(blockBytes), (earlierBytes, overlap) => {
        const fingerprinter = new Fingerprinter(fingerprintOf(random.subarray(0, earlierBytes)));
        const from = Math.max(0, fingerprinter.startByte - overlap);
        fingerprinter.take(random.subarray(from), from);
        expect(fingerprinter.fingerprint()).toEqual(fingerprintOf(random));
      }),
      { numRuns: 20 },
    );
  });
});

const rowCount = 10_000;
const text = `batch=pcId,a
${Array.from(
  { length: rowCount },
  (_, index) => `${index},${'value'.repeat(50)}${index * 31}
`,
).join('')}`;

const placeOf = ({ rowNumber, lineNumber, startByte }: RawRow): Position => ({
  rowNumber,
  lineNumber,
  byte: startByte,
});

describe('a batch', () => {
  it('has the fingerprint of what was read so far, which is a beginning of the file', async () => {
    const batch = await batchOf(text);
    expect(batch.fingerprint()).toEqual(noContent);
    for await (const _ of batch.rows(batch.dataStart)) {
      const { bytes, digest } = batch.fingerprint();
      expect(bytes).toBeGreaterThanOrEqual(batch.nextPosition().byte);
      expect(digest).toBe(expectedDigest(Buffer.from(text).subarray(0, bytes)));
      if (bytes > 1_500_000) break;
    }
    expect(await batch.matches(batch.fingerprint())).toBe(true);
    await rowsOf(batch);
    expect(batch.fingerprint().digest).toBe(expectedDigest(Buffer.from(text)));
  });

  it.each([
    ['plain', text],
    ['gzip', gzipSync(text)],
  ])('resumed with an earlier fingerprint gives the same rows and ends with the same one (%s)', async (_, content) => {
    const batch = await batchOf(content);
    const rows = await rowsOf(batch);
    for (const [earlierBytes, rowIndex] of [
      [0, 9_000],
      [100_000, 4_000],
      [blockBytes + 5, 0],
      [blockBytes + 5, 9_999],
      [2 * blockBytes, 2_000],
    ] as const) {
      const fingerprint = fingerprintOf(Buffer.from(text.slice(0, earlierBytes)));
      const from = rows.slice(rowIndex).map(placeOf).at(0) ?? batch.dataStart;
      const resumed = await readAll(batch.rows(from, { fingerprint }));
      expect(resumed).toEqual({ rows: rows.slice(rowIndex), error: null });
      expect(batch.fingerprint()).toEqual(fingerprintOf(Buffer.from(text)));
    }
  });

  it('resumed seeks: nothing is read before the row or the fingerprint’s last block', async () => {
    let firstByte = Number.POSITIVE_INFINITY;
    const disk = diskWith((file) => ({
      read: (into, positionBytes) => {
        firstByte = Math.min(firstByte, positionBytes);
        return file.read(into, positionBytes);
      },
    }));
    const batch = await opened(await fileOf(text), encoded, disk);
    const from = (await rowsOf(batch)).slice(6_000).map(placeOf).at(0) ?? batch.dataStart;
    for (const [options, expected] of [
      [{ fingerprint: fingerprintOf(Buffer.from(text.slice(0, 1_500_000))) }, blockBytes],
      [{ fingerprint: fingerprintOf(Buffer.from(text)) }, from.byte],
      [{ fingerprint: null }, from.byte],
      [{}, 0],
    ] as const) {
      firstByte = Number.POSITIVE_INFINITY;
      await batch.rows(from, options).next();
      expect(firstByte).toBe(expected);
    }
  });

  it('asked to keep no fingerprint has none to give', async () => {
    const batch = await batchOf(text);
    await batch.rows(batch.dataStart, { fingerprint: null }).next();
    expect(() => batch.fingerprint()).toThrow('no fingerprint');
  });

  it('matches content that has only grown, and none that is changed, shorter or damaged', async () => {
    const path = await fileOf(text);
    const batch = await opened(path);
    await rowsOf(batch);
    const fingerprint = batch.fingerprint();
    await appendFile(path, '1,more\n');
    expect(await batch.matches(fingerprint)).toBe(true);
    await truncate(path, text.length - 1);
    expect(await batch.matches(fingerprint)).toBe(false);
    await writeFile(path, text.replace('value31\n', 'value32\n'));
    expect(await batch.matches(fingerprint)).toBe(false);
    expect(await batch.matches(noContent)).toBe(true);

    const packed = gzipSync(text);
    const early = await batchOf(packed.subarray(0, -packed.length >> 1));
    expect(await early.matches(fingerprint)).toBe(false);
    expect(await (await batchOf(packed)).matches(fingerprint)).toBe(true);
  });
});
