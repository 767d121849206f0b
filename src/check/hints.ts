import type { Hint, HintCode } from './result.js';

/** What wants a human's eye. Lines are kept, never ids or values. */
export class Hints {
  readonly #found = new Map<HintCode, { count: number; readonly line: number }>();

  note(code: HintCode, lineNumber: number): void {
    const found = this.#found.get(code);
    if (found === undefined) this.#found.set(code, { count: 1, line: lineNumber });
    else found.count += 1;
  }

  list(): Hint[] {
    return [...this.#found].map(([code, { count, line }]) => ({ code, count, example_line: line }));
  }
}

/** An ECID: 38 digits (Adobe's documentation of the Experience Cloud Identity Service). */
const ecidLength = 38;
const onlyDigits = /^\d+$/;
const email = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
/** As spreadsheets write long numbers, with a point or a comma; the + may have been read as a space. */
const scientific = /^\d(?:[.,]\d+)?E[+ ]\d+$/;

/** What a decoded id looks like; `null`: an id. Called for each row. */
export function idHint(id: string): HintCode | null {
  if (id.length === ecidLength && onlyDigits.test(id)) return 'id-ecid';
  if (id.includes('@') && email.test(id)) return 'id-email';
  return scientific.test(id) ? 'id-scientific' : null;
}

const unencoded = /[ &\u0080-\uffff]/;
const encoded = /%[\da-f]{2}/i;

/** A cell as it stands in the file: with what URL-encoding leaves in no text. */
export function looksUnencoded(cell: string): boolean {
  return unencoded.test(cell);
}

export function looksEncoded(cell: string): boolean {
  return encoded.test(cell);
}
