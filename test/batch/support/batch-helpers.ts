import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type Batch,
  type BatchOptions,
  openBatch,
  type Position,
  type RawRow,
  type Taken,
} from '../../../src/batch/open.js';
import { RowReader } from '../../../src/batch/row-reader.js';
import { readRows } from '../../../src/batch/rows.js';
import { realDisk } from '../../../src/platform/disk.js';
import type { Disk, DiskFile } from '../../../src/platform/ports.js';
import { FileError } from '../../../src/terms/errors.js';
import { temporaryFolder } from '../../support/index.js';

export const encoded: BatchOptions = { delimiter: ',', values: 'encoded' };
export const raw: BatchOptions = { delimiter: ',', values: 'raw' };

export async function fileOf(content: string | Uint8Array, name = 'drop.csv'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

/** An open batch that is closed when the test ends. */
export async function opened(path: string, options: BatchOptions = encoded, disk: Disk = realDisk): Promise<Batch> {
  const batch = await openBatch(disk, path, options);
  onTestFinished(() => batch.close());
  return batch;
}

export async function batchOf(content: string | Uint8Array, options: BatchOptions = encoded): Promise<Batch> {
  return opened(await fileOf(content), options);
}

export interface Reading {
  readonly rows: RawRow[];
  readonly error: unknown;
}

/** All rows, and the error that reading ended with, or `null`. */
export async function readAll(arrays: AsyncIterable<readonly RawRow[]>): Promise<Reading> {
  const rows: RawRow[] = [];
  try {
    for await (const array of arrays) rows.push(...array);
  } catch (error) {
    return { rows, error };
  }
  return { rows, error: null };
}

export async function rowsOf(batch: Batch): Promise<RawRow[]> {
  const { rows, error } = await readAll(batch.rows(batch.dataStart));
  if (error !== null) throw error;
  return rows;
}

export async function cellsOf(content: string | Uint8Array, options: BatchOptions = encoded): Promise<string[][]> {
  return (await rowsOf(await batchOf(content, options))).map((row) => row.cells);
}

export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

export function asFileError(error: unknown): FileError {
  if (error instanceof FileError) return error;
  throw new Error('expected a FileError', { cause: error });
}

/** What a FileError says, for comparing: code and line. */
export function told(error: unknown): { code: string; line: number | null } {
  const { code, lineNumber } = asFileError(error);
  return { code, line: lineNumber };
}

export function cutEvery(bytes: Buffer, sizeBytes: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += sizeBytes) chunks.push(bytes.subarray(at, at + sizeBytes));
  return chunks;
}

async function* asynchronous<T>(items: Iterable<T>): AsyncGenerator<T, void, void> {
  yield* items;
}

export const start: Position = { rowNumber: 1, lineNumber: 1, byte: 0 };

async function* arraysOf<Row>(all: AsyncIterable<Taken<readonly Row[]>>): AsyncGenerator<readonly Row[], void, void> {
  for await (const { rows, fault } of all) {
    yield rows;
    if (fault !== null) throw fault;
  }
}

/** Rows of content that comes in the chunks given, with no header before them. */
export function readChunks(chunks: readonly Buffer[], options: BatchOptions = encoded, from = start): Promise<Reading> {
  const reader = new RowReader('drop.csv', options, from, true);
  return readAll(arraysOf(readRows(asynchronous(chunks), reader)));
}

/** The real disk, with one of the open file's methods watched or replaced. */
export function diskWith(change: (file: DiskFile) => Partial<DiskFile>): Disk {
  return {
    ...realDisk,
    async openInput(path) {
      const file = await realDisk.openInput(path);
      const unchanged: DiskFile = {
        read: (into, positionBytes) => file.read(into, positionBytes),
        append: (bytes) => file.append(bytes),
        sync: () => file.sync(),
        truncate: (sizeBytes) => file.truncate(sizeBytes),
        stat: () => file.stat(),
        close: () => file.close(),
      };
      return { ...unchanged, ...change(file) };
    },
  };
}

/** A disk with one file on it that takes no room: `head`, and then `filler` again and again. */
export function endlessDisk(sizeBytes: number, head: string, filler: string): Disk {
  const headBytes = Buffer.from(head);
  const stat = { kind: 'file', sizeBytes, modifiedNs: '1', modifiedMs: 0, identity: '1:1', mode: 0o600 } as const;
  return {
    ...realDisk,
    async openInput() {
      return {
        async read(into, positionBytes) {
          const count = Math.max(0, Math.min(into.length, sizeBytes - positionBytes));
          const part = Buffer.from(into.buffer, into.byteOffset, count);
          const offset = (positionBytes - headBytes.length) % filler.length;
          part.fill(filler.slice(offset) + filler.slice(0, offset));
          if (positionBytes < headBytes.length) {
            const rest = headBytes.subarray(positionBytes);
            rest.copy(part);
            part.subarray(Math.min(rest.length, count)).fill(filler);
          }
          return count;
        },
        append: () => Promise.reject(new Error('read only')),
        sync: () => Promise.resolve(),
        truncate: () => Promise.reject(new Error('read only')),
        stat: () => Promise.resolve(stat),
        close: () => Promise.resolve(),
      };
    },
    stat: () => Promise.resolve(stat),
  };
}
