import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Checkpoint,
  differences,
  formatCheckpoint,
  withChecksum,
  writeCheckpoint,
} from '../../../src/job/files/checkpoint.js';
import { loadCheckpoint, parseCheckpoint } from '../../../src/job/files/read-checkpoint.js';
import { realDisk } from '../../../src/platform/disk.js';
import { temporaryFolder } from '../../support/index.js';
import { checkpointOf } from '../support/checkpoints.js';
import { watchedDisk } from '../support/watched-disk.js';

const path = 'drop.csv.checkpoint.json';
const damaged = expect.objectContaining({ code: 'checkpoint-damaged', exitStatus: 2 });

const count = fc.nat();
const positive = fc.integer({ min: 1 });
const text = fc.string({ unit: 'binary', maxLength: 12 });
const timeMs = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const anyCheckpoint: fc.Arbitrary<Checkpoint> = fc
  .record({
    job: fc.record({
      clientCode: text,
      endpoint: text,
      idColumn: fc.option(text),
      idType: fc.constantFrom('pcId', 'thirdPartyId'),
      values: fc.constantFrom('encoded', 'raw'),
      plus: fc.constantFrom(null, 'space', 'literal'),
      delimiter: text,
      encoding: fc.constantFrom('utf-8', 'windows-1252', 'utf-16le'),
      trim: fc.boolean(),
      only: fc.array(text, { maxLength: 2 }),
      skip: fc.array(text, { maxLength: 2 }),
      rename: fc.array(text, { maxLength: 2 }),
      nullWords: fc.array(text, { maxLength: 2 }),
    }),
    startedAtMs: timeMs,
    updatedAtMs: timeMs,
    state: fc.constantFrom('open', 'complete', 'closed'),
    exitStatus: fc.constantFrom(null, 0, 1),
    file: fc.record({
      name: fc.constantFrom('drop.csv', 'a b', '.x'),
      sizeBytes: count,
      modifiedNs: fc.stringMatching(/^-?\d{1,19}$/),
      identity: text,
      isCompressed: fc.boolean(),
      sha256: fc.option(hex),
      fingerprint: fc.record({ bytes: count, digest: hex, blockCount: count, chain: hex }),
    }),
    submitted: count,
    invalid: count,
    superseded: count,
    lines: fc.tuple(count, count),
    totalRows: fc.option(count),
    readRowCount: count,
    attempts: count,
    attempted: fc.uniqueArray(
      fc.record({ ahead: fc.nat(10_000), attempts: fc.integer({ min: 1 }), firstTryAtMs: timeMs }),
      {
        selector: (row) => row.ahead,
        maxLength: 5,
      },
    ),
    reasons: fc.array(
      fc.record({
        code: fc.constantFrom('id-empty', 'timeout', 'no-values'),
        count: fc.integer({ min: 1 }),
        exampleRow: fc.integer({ min: 1 }),
        exampleLine: fc.integer({ min: 1 }),
      }),
      { maxLength: 3 },
    ),
    hints: fc.record({
      hints: fc.array(
        fc.record({ code: fc.constantFrom('id-space', 'no-rows'), count: positive, example_line: positive }),
      ),
      idLengths: fc.array(fc.record({ shape: positive, count: positive, line: positive }), { maxLength: 2 }),
    }),
    move: fc.option(
      fc.oneof(
        fc.record({ role: fc.constant('kept' as const), stem: fc.constantFrom('a', 'a.b') }),
        fc.record({
          role: fc.constant('archive' as const),
          day: fc.constant('2026-11-23'),
          stem: fc.constantFrom('a', 'a.b'),
          fileName: fc.option(fc.constant('a-2.csv')),
        }),
        fc.record({
          role: fc.constant('failed' as const),
          stem: fc.constantFrom('a', 'a.b'),
          fileName: fc.option(fc.constant('a-2.csv')),
        }),
      ),
    ),
  })
  .map(({ submitted, invalid, superseded, lines: [skipBytes, lineBytes], attempted, ...rest }): Checkpoint => {
    const base = checkpointOf();
    const next = { rowNumber: submitted + 1, lineNumber: submitted + 2, byte: 1 };
    const fromByte = base.results.fromByte + skipBytes;
    return {
      ...base,
      ...rest,
      next,
      counts: { ...base.counts, submitted, invalid, superseded },
      results: { fromByte, endByte: fromByte + lineBytes },
      openRows: attempted.map(({ ahead, ...row }) => ({ rowNumber: next.rowNumber + ahead, ...row })),
    };
  });

/** The text of a checkpoint with one field set, and a checksum that fits; `undefined` takes it out. */
function withField(keys: string[], value: unknown): string {
  const whole: unknown = JSON.parse(
    formatCheckpoint(checkpointOf({ openRows: [{ rowNumber: 3, attempts: 1, firstTryAtMs: 0 }] })),
  );
  const set = (object: unknown, [key = '', ...rest]: string[]): unknown =>
    typeof object === 'object' && object !== null
      ? Object.fromEntries(
          Object.entries(object).map(([name, old]) => [
            name,
            name !== key ? old : rest.length === 0 ? value : set(old, rest),
          ]),
        )
      : object;
  const edited = set(whole, keys);
  if (typeof edited !== 'object' || edited === null) throw new Error('a checkpoint is an object');
  return withChecksum(JSON.stringify({ ...edited, checksum: undefined }, null, 2));
}

describe('parseCheckpoint', () => {
  it('reads what formatCheckpoint writes', () => {
    fc.assert(
      fc.property(anyCheckpoint, (checkpoint) => {
        expect(parseCheckpoint(formatCheckpoint(checkpoint), path)).toEqual(checkpoint);
      }),
    );
  });

  it('refuses a half-written one, wherever it was cut', () => {
    const whole = formatCheckpoint(checkpointOf()).trimEnd();
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => parseCheckpoint(whole.slice(0, length), path)).toThrow(damaged);
    }
    expect(() => parseCheckpoint('\0'.repeat(whole.length), path)).toThrow(damaged);
  });

  it('refuses what no run writes, names the field and what to do, and never repeats the value', () => {
    const wrong: [string[], unknown][] = [
      [['schema'], '1'],
      [['state'], 'secret'],
      [['exit_status'], 99],
      [['started_at'], 'secret'],
      [['run_id'], 'a/../secret'],
      [['job'], null],
      [['job', 'plus'], 'secret'],
      [['file', 'size_bytes'], -1],
      [['file', 'sha256'], 'secret'],
      [['file', 'fingerprint'], []],
      [['next', 'row'], 0],
      [['next', 'row'], 2],
      [['next', 'byte'], 1.5],
      [['results', 'from_byte'], 0],
      [['results', 'end_byte'], 1],
      [['rows', 'failed'], undefined],
      [['attempts'], 1e300],
      [['reasons'], 'secret'],
      [['reasons'], [{ code: 'secret', count: 1, example_row: 1, example_line: 1 }]],
      [['open_rows'], [1]],
      [['open_rows'], [3, 3].map((row) => ({ row, attempts: 1, first_try_at: '2026-01-01T00:00:00Z' }))],
      [['file', 'name'], '../secret'],
      [['file', 'name'], '..'],
      [['move'], { folder: 'x', stem: 'secret', file: null }],
      [['move'], { role: 'kept', stem: '../secret' }],
      [['move'], { role: 'archive', day: '../secret', stem: 'a', file_name: null }],
      [['move'], { role: 'failed', day: null, stem: 'a', file_name: '/secret' }],
    ];
    for (const [keys, value] of wrong) {
      const parse = () => parseCheckpoint(withField(keys, value), path);
      expect(parse, keys.join('.')).toThrow(damaged);
      expect(parse, keys.join('.')).not.toThrow(/secret/);
      expect(parse, keys.join('.')).toThrow(/drop\.csv\.checkpoint\.json.*".+".*--restart/);
    }
    expect(() => parseCheckpoint(withField([], null), path)).not.toThrow();
  });

  it('refuses one in which any one character was changed', () => {
    const whole = formatCheckpoint(checkpointOf());
    for (let at = 0; at < whole.length; at += 1) {
      const other = whole[at] === '7' ? '8' : '7';
      const changed = whole.slice(0, at) + other + whole.slice(at + 1);
      expect(() => parseCheckpoint(changed, path), changed.slice(at - 20, at + 5)).toThrow(
        expect.objectContaining({ exitStatus: 2 }),
      );
    }
  });

  it('refuses the checkpoint of another version', () => {
    expect(() => parseCheckpoint(withField(['schema'], 1), path)).toThrow(
      expect.objectContaining({ code: 'checkpoint-version', exitStatus: 2 }),
    );
  });
});

describe('writeCheckpoint', () => {
  it('makes the new one durable before it takes the place of the old one, and its place after that', async () => {
    const folder = await temporaryFolder();
    const disk = watchedDisk();
    const checkpoint = checkpointOf({ attempts: 7 });
    await writeCheckpoint(disk, join(folder, path), checkpoint);
    expect(disk.operations.map((operation) => operation.replaceAll('0a4c3f2b1a00.', ''))).toEqual([
      `open ${path}.tmp create`,
      `append ${path}.tmp`,
      `sync ${path}.tmp`,
      `rename ${path}.tmp ${path}`,
      'syncFolder',
    ]);
    expect(await loadCheckpoint(disk, join(folder, path))).toEqual(checkpoint);
    expect((await stat(join(folder, path))).mode & 0o777).toBe(0o600);
  });
});

describe('loadCheckpoint', () => {
  it('is null where there is none', async () => {
    expect(await loadCheckpoint(realDisk, join(await temporaryFolder(), path))).toBeNull();
  });

  it('names the file that is damaged, and leaves it as it is', async () => {
    const damagedPath = join(await temporaryFolder(), path);
    await writeFile(damagedPath, '{');
    await expect(loadCheckpoint(realDisk, damagedPath)).rejects.toThrow(damagedPath);
    expect(await readFile(damagedPath, 'utf8')).toBe('{');
  });
});

describe('differences', () => {
  const { job } = checkpointOf();

  it('finds none between equal jobs', () => {
    expect(differences(job, { ...job })).toEqual([]);
  });

  it('names each', () => {
    expect(differences(job, { ...job, clientCode: 'other', plus: 'space', idColumn: 'card' })).toEqual([
      'client code was "acme" and is now "other"',
      'id column was not given and is now "card"',
      '--plus was not given and is now "space"',
    ]);
    const other = { endpoint: 'https://x', idType: 'thirdPartyId', values: 'raw', delimiter: ';' } as const;
    expect(differences(job, { ...job, ...other })).toHaveLength(4);
  });
});
