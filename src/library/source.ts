import { Readable } from 'node:stream';
import { ProfileDripError, systemCode, UsageError } from '../terms/errors.js';

/** What a program hands in as FILE: paths, bytes, or records. The last two are spooled as standard input is. */

/** The attribute values of one visitor. `null`, `undefined` and an empty text: this attribute is not sent. */
export type RecordValue = string | number | boolean | null | undefined;

/** One row, as a program has it. */
export interface BatchRecord {
  /** The visitor's id; `idType` says which kind. */
  readonly id: string;
  /** By the attributes' names, without `profile.`. The first record names all attributes that any record has. */
  readonly attributes: Readonly<Record<string, RecordValue>>;
}

/**
 * What is sent: a path, paths, a stream of a CSV file's bytes, or records. A stream and records need the option `name`, and
 * are kept in `<name>.spool` until their job is done, so that it can be resumed. Records need `idType` too.
 */
export type BatchSource = string | readonly string[] | Readable | AsyncIterable<BatchRecord>;

/** How the program reads a source. */
export interface SourceFound {
  readonly files: readonly string[];
  /** In place of standard input; `null`: standard input itself. */
  readonly input: ((signal?: AbortSignal) => AsyncIterable<Uint8Array>) | null;
  readonly isRecords: boolean;
}

/** @throws UsageError `argument-missing` for what is not a path or a list of them, and for no path. */
export function findFiles(given: unknown): readonly string[] {
  if (typeof given === 'string') return [given];
  const isPaths = Array.isArray(given) && given.length > 0 && given.every((file) => typeof file === 'string');
  if (isPaths) return given;
  const found = !Array.isArray(given)
    ? 'something else'
    : given.length === 0
      ? 'an empty list'
      : 'a list of other things';
  throw new UsageError('argument-missing', `expected the path of a file, or a list of paths; found ${found}`);
}

/** @throws UsageError `argument-missing` for no path, and for what is not a source. `idType` names the records' ids. */
export function findSource(source: BatchSource, idType: string | null | undefined): SourceFound {
  if (typeof source === 'string' || isList(source)) {
    return { files: findFiles(source), input: null, isRecords: false };
  }
  if (source instanceof Readable && !source.readableObjectMode) {
    if (source.readableEncoding === null) return inputOf(source, false);
    const message = 'expected a stream of bytes; found one that decodes them. Leave out setEncoding() and `encoding`';
    throw new UsageError('argument-missing', message);
  }
  if (typeof source !== 'object' || source === null || !(Symbol.asyncIterator in source)) {
    const message = 'expected a path, a list of paths, a Readable, or an async iterable of { id, attributes }';
    throw new UsageError('argument-missing', message);
  }
  if (source instanceof ReadableStream) {
    const message = 'expected a Readable of node:stream; found a web stream. Give Readable.fromWeb(stream)';
    throw new UsageError('argument-missing', message);
  }
  if (idType === 'pcId' || idType === 'thirdPartyId') return inputOf(rowsOf(source, idType), true);
  throw new UsageError('id-type-needed', 'idType: expected pcId or thirdPartyId, because records do not say it');
}

/** `Array.isArray` does not narrow a readonly list. */
function isList(source: unknown): source is readonly string[] {
  return Array.isArray(source);
}

type Open = (signal?: AbortSignal) => AsyncIterable<Uint8Array>;

/** A source that keeps the error with which it ended, for a caller that wants it as it is. */
export function keepingError(open: Open | null): { readonly open: Open | null; readonly error: () => unknown } {
  let kept: unknown = null;
  if (open === null) return { open, error: () => kept };
  async function* reading(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      if (open !== null) yield* open(signal);
    } catch (error) {
      if (signal?.aborted !== true) kept = error;
      throw error;
    }
  }
  return { open: reading, error: () => kept };
}

function inputOf(bytes: AsyncIterable<Uint8Array>, isRecords: boolean): SourceFound {
  return { files: ['-'], input: (signal) => untilAborted(bytes, signal), isRecords };
}

/** Ends with an error as soon as `signal` aborts, also while the source gives nothing. */
async function* untilAborted(bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  const { promise: aborted, reject } = withReject();
  const onAbort = () => reject(new Error('aborted'));
  signal?.addEventListener('abort', onAbort, { once: true });
  let isAtEnd = false;
  try {
    while (true) {
      const next = await Promise.race([iterator.next(), aborted]);
      isAtEnd = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    if (error instanceof ProfileDripError) throw error;
    // What a source says about itself may hold ids: only its code is repeated, and the error is the cause.
    const code = systemCode(error);
    const message = `the source could not be read to its end${code === null ? '' : ` (${code})`}: nothing of it was sent`;
    throw new UsageError('input-unreadable', `${message}. Its own error is the cause`, { cause: error });
  } finally {
    signal?.removeEventListener('abort', onAbort);
    // Not awaited: a source that gives nothing may never answer.
    if (!isAtEnd) iterator.return?.().catch(() => {});
  }
}

function withReject(): { readonly promise: Promise<never>; readonly reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_resolve, fail) => {
    reject = fail;
  });
  promise.catch(() => {}); // the race tells it
  return { promise, reject };
}

const chunkCharacters = 65_536;

/** Records as the bytes of a CSV file, whose columns are the first record's attributes. */
async function* rowsOf(records: AsyncIterable<unknown>, idColumn: string): AsyncGenerator<Uint8Array> {
  let columns: readonly string[] | null = null;
  let text = '';
  let number = 0;
  for await (const record of records) {
    number += 1;
    if (typeof record === 'string' || record instanceof Uint8Array) {
      const advice = 'Give bytes as Readable.from(source, { objectMode: false })';
      throw wrongRecord(
        number,
        `expected { id, attributes }; found ${typeof record === 'string' ? 'a text' : 'bytes'}. ${advice}`,
      );
    }
    if (!isRecord(record)) throw wrongRecord(number, 'expected { id, attributes }, the id as a text');
    const { id, attributes } = record;
    if (columns === null) {
      columns = Object.keys(attributes);
      text = line([idColumn, ...columns], number);
    }
    const known = columns;
    if (Object.keys(attributes).some((name) => !known.includes(name))) {
      const message =
        'it has an attribute that the first record does not have. Name all attributes there, null for no value';
      throw wrongRecord(number, message);
    }
    text += line([id, ...known.map((name) => valueText(attributes[name], number))], number);
    if (text.length < chunkCharacters) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}

function isRecord(given: unknown): given is { readonly id: string; readonly attributes: Record<string, unknown> } {
  if (typeof given !== 'object' || given === null || !('id' in given) || !('attributes' in given)) return false;
  return typeof given.id === 'string' && typeof given.attributes === 'object' && given.attributes !== null;
}

function valueText(value: unknown, number: number): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value);
  throw wrongRecord(number, 'expected texts, finite numbers, true, false or null as values');
}

function line(cells: readonly string[], number: number): string {
  // Half a surrogate pair has no UTF-8: it would become another character.
  if (cells.some((cell) => /\p{Surrogate}/u.test(cell)))
    throw wrongRecord(number, 'it holds half a character (a lone surrogate)');
  return `${cells.map((cell) => (cell === '' ? '' : `"${cell.replaceAll('"', '""')}"`)).join(',')}\n`;
}

function wrongRecord(number: number, what: string): UsageError {
  return new UsageError('record-invalid', `record ${number}: ${what}. Nothing of the source was sent`);
}
