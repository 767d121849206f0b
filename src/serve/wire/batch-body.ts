/** From the bytes of a body to the bytes of a file, as they come. */

export type BodyFault = 'not-a-batch' | 'no-line-end' | 'empty' | 'form-broken';

export class BatchBodyError extends Error {
  readonly code: BodyFault;

  constructor(code: BodyFault) {
    super(code);
    this.code = code;
  }
}

/** A header is shorter than this; what has no line end by then has none. */
const headBytesMax = 65_536;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const batchName = Buffer.from('batch=');
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const encodedLineEnd = /%0[ad]/i;

/**
 * A file is taken as it came. Some jobs encode it once more, as the value of a form parameter: such a body has no line
 * ends but `%0A`, and is decoded once.
 *
 * States: head (nothing is known before the first line end) → file | form; what `add` and `end` return is the file's.
 */
export class BatchBody {
  #state: 'head' | 'file' | 'form' = 'head';
  #head: Buffer = Buffer.alloc(0);
  readonly #form = new FormValue();
  /** A file part of a multipart body need not begin with `batch=`. */
  readonly #needsName: boolean;

  constructor(needsName: boolean) {
    this.#needsName = needsName;
  }

  /** @throws BatchBodyError */
  add(chunk: Buffer): Buffer {
    if (this.#state === 'file') return chunk;
    if (this.#state === 'form') return this.#form.add(chunk);
    this.#head = Buffer.concat([this.#head, chunk]);
    const hasLineEnd = this.#head.includes(lineFeed) || this.#head.includes(carriageReturn);
    if (!hasLineEnd && this.#head.length < headBytesMax) return Buffer.alloc(0);
    return this.#decide(hasLineEnd);
  }

  /** @throws BatchBodyError */
  end(): Buffer {
    if (this.#state === 'head') {
      if (this.#head.length === 0) throw new BatchBodyError('empty');
      const decided = this.#decide(false);
      return this.#state === 'head' ? decided : Buffer.concat([decided, this.#form.end()]);
    }
    return this.#state === 'form' ? this.#form.end() : Buffer.alloc(0);
  }

  #decide(hasLineEnd: boolean): Buffer {
    const head = this.#head;
    const start = head.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark.length : 0;
    const isNamed = head.subarray(start, start + batchName.length).equals(batchName);
    if (this.#needsName && !isNamed) throw new BatchBodyError('not-a-batch');
    this.#head = Buffer.alloc(0);
    if (hasLineEnd) {
      this.#state = 'file';
      return head;
    }
    if (isNamed && encodedLineEnd.test(head.toString('latin1'))) {
      this.#state = 'form';
      return this.#form.add(head.subarray(start + batchName.length));
    }
    if (head.length >= headBytesMax) throw new BatchBodyError('no-line-end');
    this.#state = 'file'; // a header alone
    return head;
  }
}

const percent = 0x25;
const plus = 0x2b;
const ampersand = 0x26;
const space = 0x20;

/** The value of a form parameter, decoded as it comes; the next parameter ends it. */
class FormValue {
  /** Up to two bytes of a `%` sequence that is not whole. */
  #rest: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #isFirst = true;

  add(chunk: Buffer): Buffer {
    if (this.#hasEnded) return Buffer.alloc(0);
    const from = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const into = Buffer.allocUnsafe(from.length);
    let filled = 0;
    let at = 0;
    for (; at < from.length; at += 1) {
      const byte = from[at];
      if (byte === ampersand) {
        this.#hasEnded = true;
        at = from.length;
      } else if (byte === percent) {
        if (at + 2 >= from.length) break;
        into[filled++] = hexByte(from, at + 1);
        at += 2;
      } else into[filled++] = byte === plus ? space : (byte ?? 0);
    }
    this.#rest = Buffer.from(from.subarray(at));
    return this.#named(into.subarray(0, filled));
  }

  /** @throws BatchBodyError where it ends in the middle of a sequence. */
  end(): Buffer {
    if (this.#rest.length > 0) throw new BatchBodyError('form-broken');
    return Buffer.alloc(0);
  }

  /** The name was the form's; the file's own first line has it too, or gets it. */
  #named(decoded: Buffer): Buffer {
    if (!this.#isFirst || decoded.length === 0) return decoded;
    this.#isFirst = false;
    return decoded.subarray(0, batchName.length).equals(batchName) ? decoded : Buffer.concat([batchName, decoded]);
  }
}

/** @throws BatchBodyError */
function hexByte(bytes: Buffer, at: number): number {
  const text = bytes.toString('latin1', at, at + 2);
  if (!/^[0-9a-f]{2}$/i.test(text)) throw new BatchBodyError('form-broken');
  return Number.parseInt(text, 16);
}

/**
 * Counts a batch's rows: lines with something in them, after the first. A cell with a line end in it counts as two: what
 * the rows really are is known when they have been read.
 */
export class RowCounter {
  #lineCount = 0;
  #isInLine = false;

  get rowCount(): number {
    return Math.max(0, this.#lineCount - 1);
  }

  add(chunk: Buffer): void {
    if (chunk.includes(carriageReturn)) {
      for (const byte of chunk) this.#take(byte);
      return;
    }
    let at = 0;
    while (at < chunk.length) {
      const end = chunk.indexOf(lineFeed, at);
      const lineEnd = end < 0 ? chunk.length : end;
      if (lineEnd > at && !this.#isInLine) this.#begin();
      if (end < 0) return;
      this.#isInLine = false;
      at = end + 1;
    }
  }

  #take(byte: number): void {
    if (byte === lineFeed || byte === carriageReturn) this.#isInLine = false;
    else if (!this.#isInLine) this.#begin();
  }

  #begin(): void {
    this.#isInLine = true;
    this.#lineCount += 1;
  }
}
