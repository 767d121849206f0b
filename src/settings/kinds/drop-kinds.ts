import type { Kind } from './setting.js';

/** What only `drop` is told. */

/** Stands in no file name that one would want to match, as a space or a comma does. */
const separator = '|';

/** One text in the environment and in a config file: `*.csv|*.csv.gz`. */
export const globs: Kind<readonly string[]> = {
  expected: 'names with * and ?, without folders (*.csv); several with | between them',
  wordSeparator: separator,
  read(text) {
    const given = text.split(separator);
    const isGood = given.every((glob) => glob !== '' && !/[/\0]/.test(glob));
    return isGood ? { kind: 'value', value: given } : { kind: 'wrong', why: null };
  },
  show: (given) => given.join(separator),
};

export const markerSuffix: Kind<string> = {
  expected: "the end of a file's name (.done)",
  read(text) {
    return /[/\0]/.test(text) || text.length > 50 ? { kind: 'wrong', why: null } : { kind: 'value', value: text };
  },
  show: (given) => given,
};
