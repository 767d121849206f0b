import { isUtf8 } from 'node:buffer';
import type { DiskFile } from '../../platform/ports.js';
import {
  invalidCodes,
  quietCodes,
  type Reason,
  type ReasonCode,
  routeNames,
  rowStatuses,
  tryCodes,
} from '../../terms/outcome.js';
import { idOfCell, type RowResult, resultsHeader, unguarded } from './result.js';

/** A line of the report, and where it stands. */
export interface ResultLine {
  /** `id` is exactly the one that was written; the reason's text is on one line, cut to its 200 characters. */
  readonly row: RowResult;
  readonly startByte: number;
  /** Of the line end: where the next line begins. */
  readonly endByte: number;
}

/** What a report begins with. `begun`: nothing, or a part of its header alone, as a crash leaves it. */
export type ReportHead = 'whole' | 'begun' | 'strange';

const headerBytes = Buffer.from(resultsHeader);
/** Where the first result stands. */
export const firstResultByte = headerBytes.length;

const chunkBytes = 262_144;
/** An id can be as long as a record of the file (1 MB), thrice so where all of it is percent-encoded. */
const lineBytesMax = 4_194_304;
const lineEnd = 0x0a;

/** Looks at the first line of a report. */
export async function readReportHead(file: DiskFile): Promise<ReportHead> {
  const found = await readFully(file, 0, headerBytes.length + 1);
  if (found.subarray(0, headerBytes.length).equals(headerBytes)) return 'whole';
  // A crash can leave a size without its content, which reads as zeros.
  const written = found.subarray(0, found.indexOf(0) < 0 ? found.length : found.indexOf(0));
  const isRestZero = found.subarray(written.length).every((byte) => byte === 0);
  const isPart = headerBytes.subarray(0, written.length).equals(written);
  return isPart && isRestZero && found.length <= headerBytes.length ? 'begun' : 'strange';
}

/** Whether a line begins at `atByte`. */
export async function isLineStart(file: DiskFile, atByte: number): Promise<boolean> {
  const before = await readFully(file, atByte - 1, 1);
  return before[0] === lineEnd;
}

/**
 * The results from `fromByte` (which begins a line) on, in chunks, up to the first line that is not a whole,
 * well-formed result: torn, zeroed or strange. Whoever wants to know whether that was the end compares the last
 * line's `endByte` with the size of the file.
 */
export async function* readResults(
  file: DiskFile,
  fromByte: number,
): AsyncGenerator<readonly ResultLine[], void, void> {
  let startByte = fromByte;
  let kept: Uint8Array = new Uint8Array(0);
  while (kept.length <= lineBytesMax) {
    const chunk = Buffer.allocUnsafe(kept.length + chunkBytes);
    chunk.set(kept);
    const readBytes = await file.read(chunk.subarray(kept.length), startByte + kept.length);
    if (readBytes === 0) return;
    const filled = chunk.subarray(0, kept.length + readBytes);
    const { lines, isSound } = readLines(filled, startByte);
    const last = lines.at(-1);
    if (last !== undefined) yield lines;
    if (!isSound) return;
    const nextByte = last?.endByte ?? startByte;
    kept = filled.subarray(nextByte - startByte);
    startByte = nextByte;
  }
}

/**
 * Reads single results by the byte at which their line begins; `null` where no result does. Those that are asked for
 * one after the other mostly stand near each other: a block is read once for all of them.
 */
export function resultAt(file: DiskFile): (startByte: number) => Promise<RowResult | null> {
  let block: Buffer = Buffer.alloc(0);
  let blockByte = 0;
  return async (startByte) => {
    for (let sizeBytes = chunkBytes; ; sizeBytes *= 4) {
      const at = startByte - blockByte;
      const end = at >= 0 && at < block.length ? block.indexOf(lineEnd, at) : -1;
      if (end >= 0) {
        const line = block.subarray(at, end);
        return isUtf8(line) ? parseResult(line.toString()) : null;
      }
      if (sizeBytes > 4 * lineBytesMax) return null;
      block = await readFully(file, startByte, sizeBytes);
      blockByte = startByte;
    }
  };
}

/** The whole lines in `bytes`, which begin at `fromByte`; `isSound` is false where one of them was no result. */
function readLines(bytes: Buffer, fromByte: number): { lines: ResultLine[]; isSound: boolean } {
  const lines: ResultLine[] = [];
  let at = 0;
  for (let end = bytes.indexOf(lineEnd); end >= 0; end = bytes.indexOf(lineEnd, at)) {
    const line = bytes.subarray(at, end);
    const row = isUtf8(line) ? parseResult(line.toString()) : null;
    if (row === null) return { lines, isSound: false };
    lines.push({ row, startByte: fromByte + at, endByte: fromByte + end + 1 });
    at = end + 1;
  }
  return { lines, isSound: true };
}

const wholeForm = '(0|[1-9]\\d{0,15})';
// The usual loop of a quoted cell, unrolled: it cannot backtrack, however long an id is.
const textForm = '("[^"]*(?:""[^"]*)*"|[^",]*)';
const timeForm = '((?:\\d{4}|[+-]\\d{6})-\\d\\d-\\d\\dT\\d\\d:\\d\\d:[0-5]\\d\\.\\d{3}Z)';
const lineForm = new RegExp(
  `^${wholeForm},${wholeForm},${textForm},([a-z]+),([1-9]\\d\\d|),${wholeForm},${wholeForm},${timeForm},${textForm},(${routeNames.join('|')}|)$`,
);
const control = /[\u0000-\u001f\u007f]/;

/**
 * A line without its line end; `null` if that is not what this program writes. By a pattern, not by csv-parse: each
 * line is judged by itself, so that a torn quote swallows nothing after it, and a call of csv-parse for a line of its
 * own costs twenty times as much.
 */
export function parseResult(line: string): RowResult | null {
  const cells = lineForm.exec(line);
  if (cells === null || control.test(line)) return null;
  const status = rowStatuses.find((known) => known === cells[4]);
  const reason = readReason(unguarded(unquoted(cells[9] ?? '')));
  const finishedAtMs = readTime(cells[8] ?? '');
  if (status === undefined || reason === undefined || Number.isNaN(finishedAtMs)) return null;
  const rowNumber = Number(cells[1]);
  const lineNumber = Number(cells[2]);
  if (rowNumber === 0 || lineNumber === 0) return null;
  return {
    rowNumber,
    lineNumber,
    id: idOfCell(unquoted(cells[3] ?? '')),
    status,
    httpStatus: cells[5] === '' ? null : Number(cells[5]),
    attempts: Number(cells[6]),
    durationMs: Number(cells[7]),
    finishedAtMs,
    reason,
    route: routeNames.find((known) => known === cells[10]) ?? null,
  };
}

let lastMinuteText = '';
let lastMinuteMs = Number.NaN;

/** `Date.parse` of a time that has its form; lines that stand together share their minute. */
function readTime(text: string): number {
  const minuteText = text.slice(0, -'00.000Z'.length);
  if (minuteText !== lastMinuteText) {
    lastMinuteMs = Date.parse(`${minuteText}00.000Z`);
    lastMinuteText = minuteText;
  }
  return lastMinuteMs + Math.round(Number(text.slice(-'00.000Z'.length, -1)) * 1000);
}

function unquoted(cell: string): string {
  return cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}

const reasonCodes = { ...invalidCodes, ...tryCodes, ...quietCodes };

export function isReasonCode(text: string): text is ReasonCode {
  return Object.hasOwn(reasonCodes, text);
}

/** `undefined`: not a reason that this program writes. */
function readReason(cell: string): Reason | null | undefined {
  if (cell === '') return null;
  const colonAt = cell.indexOf(': ');
  const code = colonAt < 0 ? cell : cell.slice(0, colonAt);
  if (!isReasonCode(code)) return undefined;
  return { code, text: colonAt < 0 ? null : cell.slice(colonAt + 2) };
}

/** Up to `sizeBytes` from `fromByte` on: fewer only where the file ends. */
async function readFully(file: DiskFile, fromByte: number, sizeBytes: number): Promise<Buffer> {
  const into = Buffer.alloc(sizeBytes);
  let filledBytes = 0;
  while (filledBytes < sizeBytes) {
    const readBytes = await file.read(into.subarray(filledBytes), fromByte + filledBytes);
    if (readBytes === 0) break;
    filledBytes += readBytes;
  }
  return into.subarray(0, filledBytes);
}
