import { isJobFile } from '../job/files/job-files.js';

/** Names in a drop folder: which are taken for inputs, in which order, and under which number they are put away. Pure. */

/** What uploaders call a file that is not whole yet. */
const unfinished = /\.(?:tmp|part|filepart)$/;

/** Whether a name may be an input at all; `--match` decides among those that may. */
export function mayBeInput(name: string, marker: string | null): boolean {
  if (name.startsWith('.') || unfinished.test(name) || isJobFile(name)) return false;
  return marker === null || !name.endsWith(marker);
}

/** A bracket or a brace without its end stands for itself. */
export function matcherOf(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.map((glob) => new RegExp(`^${patternOf(glob)}$`, 'su'));
  return (name) => patterns.some((pattern) => pattern.test(name));
}

/** A star, a question mark, a set in brackets, alternatives in braces (not nested), any other character. */
const globParts = /(\*+)|(\?)|\[([!^]?)([^\]]+)\]|\{([^{}]*)\}|(.)/gsu;

function patternOf(glob: string): string {
  return glob.replace(globParts, (_all, star, question, not, set, alternatives, other) => {
    if (star !== undefined) return '.*';
    if (question !== undefined) return '.';
    if (set !== undefined) return `[${not === '' ? '' : '^'}${String(set).replace(/[\\[\]^&|~]/g, '\\$&')}]`;
    if (alternatives !== undefined) return `(?:${String(alternatives).split(',').map(patternOf).join('|')})`;
    return String(other).replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  });
}

/** By code point, which is the order of the bytes in UTF-8: the same on every machine, whatever its language. */
export function byCodePoint(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** `loyalty.csv.gz`, then `loyalty-2.csv.gz`. */
export function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const end = /(?:\.(?:csv|tsv|txt|gz))+$/i.exec(name);
  const cut = end === null || end.index === 0 ? name.length : end.index;
  return `${name.slice(0, cut)}-${number}${name.slice(cut)}`;
}
