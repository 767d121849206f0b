import { idCell, type RowResult, reasonCell } from './result.js';

const firstCapacityBytes = 4096;
/** UTF-8 takes at most this many bytes for one UTF-16 unit. */
const bytesPerUnitMax = 3;
/** Of a line but for its id and its reason: three numbers of 16 digits, the outcome, the time, and what stands between. */
const restBytesMax = 256;
/** Up to here integers are quick. */
const smallMax = 0x7fff_ffff;
const comma = 0x2c;
const lineEnd = 0x0a;
const zero = 0x30;

/** By its ASCII code: whether it stands in an id's cell as it is (`idCell`). */
const isPlain = Uint8Array.from({ length: 128 }, (_, code) => Number(/[\w.-]/.test(String.fromCharCode(code))));

/**
 * The report's lines, put together as bytes, with what many lines in a row have in common made once. Lines come by the
 * ten thousand a second: as strings each would be a dozen pieces of garbage, and the rest of what V8 has to collect
 * would be looked at the more often.
 */
export class ResultLines {
  #bytes = Buffer.allocUnsafe(firstCapacityBytes);
  /** Takes over from `#bytes` when that is taken. */
  #spare = Buffer.allocUnsafe(firstCapacityBytes);
  #length = 0;

  /** The last row's `,submitted,200,1,`, and of what it is made. */
  #outcome = Buffer.alloc(0);
  #status: RowResult['status'] | null = null;
  #httpStatus: RowResult['httpStatus'] = null;
  #attempts = 0;
  /** The last row's `,2026-11-23T15:17:04.007Z,`, and of what second it is. */
  #time = Buffer.alloc(0);
  #second = Number.NaN;

  /** Of all lines, in bytes. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds a row's line, its line end included: always one physical line, whatever the id and the server's text hold.
   * Half a surrogate pair becomes U+FFFD. `finishedAtMs`: in the years that `Date` takes (up to 275,760); else a
   * RangeError, and nothing is added.
   */
  add(row: RowResult): void {
    const outcome = this.#outcomeOf(row);
    const time = this.#timeOf(row);
    const reason = reasonCell(row.reason);
    // An id's cell is quoted at most, percent-encoded at worst: three times three bytes for a unit.
    const bytes = this.#reserve((row.id.length * bytesPerUnitMax + reason.length) * bytesPerUnitMax + restBytesMax);
    let at = putNumber(bytes, this.#length, row.rowNumber);
    bytes[at] = comma;
    at = putNumber(bytes, at + 1, row.lineNumber);
    bytes[at] = comma;
    at = putId(bytes, at + 1, row.id);
    at = putBytes(bytes, at, outcome);
    at = putNumber(bytes, at, Math.max(0, Math.round(row.durationMs)));
    at = putBytes(bytes, at, time);
    if (reason !== '') at += bytes.write(reason, at);
    bytes[at] = comma;
    at += 1;
    if (row.route !== null) at += bytes.write(row.route, at);
    bytes[at] = lineEnd;
    this.#length = at + 1;
  }

  /** All lines, in memory that is used again after the next `take`; then there are none. */
  take(): Buffer {
    const taken = this.#bytes;
    const length = this.#length;
    this.#bytes = this.#spare;
    this.#spare = taken;
    this.#length = 0;
    return taken.subarray(0, length);
  }

  /** Drops all lines. */
  clear(): void {
    this.#length = 0;
  }

  #outcomeOf({ status, httpStatus, attempts }: RowResult): Buffer {
    if (status !== this.#status || httpStatus !== this.#httpStatus || attempts !== this.#attempts) {
      this.#outcome = Buffer.from(`,${status},${httpStatus ?? ''},${attempts},`);
      this.#status = status;
      this.#httpStatus = httpStatus;
      this.#attempts = attempts;
    }
    return this.#outcome;
  }

  #timeOf({ finishedAtMs }: RowResult): Buffer {
    const second = Math.floor(finishedAtMs / 1000);
    if (second !== this.#second) {
      this.#time = Buffer.from(`,${new Date(second * 1000).toISOString()},`);
      this.#second = second;
    }
    const ms = Math.floor(finishedAtMs) - second * 1000;
    const digitsEnd = this.#time.length - 'Z,'.length;
    this.#time[digitsEnd - 3] = zero + Math.floor(ms / 100);
    this.#time[digitsEnd - 2] = zero + (Math.floor(ms / 10) % 10);
    this.#time[digitsEnd - 1] = zero + (ms % 10);
    return this.#time;
  }

  /** Makes room for `byteCount` more bytes. */
  #reserve(byteCount: number): Buffer {
    const needed = this.#length + byteCount;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

// Each writes at `at`, where there is room, and says where what it wrote ends.

function putBytes(into: Buffer, at: number, piece: Buffer): number {
  for (let index = 0; index < piece.length; index += 1) into[at + index] = piece[index] ?? 0;
  return at + piece.length;
}

/** In decimal digits. `whole`: 0 or more. */
function putNumber(into: Buffer, at: number, whole: number): number {
  if (whole > smallMax) return at + into.write(String(whole), at);
  let end = at + 1;
  for (let power = 10; power <= whole; power *= 10) end += 1;
  let rest = whole;
  for (let digitAt = end - 1; digitAt >= at; digitAt -= 1) {
    const tenth = (rest / 10) | 0;
    into[digitAt] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

function putId(into: Buffer, at: number, id: string): number {
  for (let index = 0; index < id.length; index += 1) {
    const unit = id.charCodeAt(index);
    if (isPlain[unit] !== 1) return at + into.write(idCell(id), at);
    into[at + index] = unit;
  }
  return at + id.length;
}
