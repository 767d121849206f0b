import { trimBlanks } from './blanks.js';

/** What of a decoded cell stands for its value. */
export interface CleanOptions {
  /** Blanks and invisible characters at both ends are not a part of a value. */
  readonly trim: boolean;
  /** Words that stand for no value; compared after trimming. `null`: none. */
  readonly nullWords: readonly string[] | null;
}

/** Turns a decoded cell into its value, `''` for none; `null` where each cell is its value. */
export function makeCleaner({ trim, nullWords }: CleanOptions): ((text: string) => string) | null {
  const words = new Set(nullWords ?? []);
  if (!trim && words.size === 0) return null;
  return (text) => {
    const trimmed = trim ? trimBlanks(text) : text;
    return words.has(trimmed) ? '' : trimmed;
  };
}
