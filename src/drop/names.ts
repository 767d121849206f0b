import { Minimatch, type MinimatchOptions } from 'minimatch';
import { isJobFile } from '../job/files/job-files.js';
import type { DiskPath } from '../platform/ports.js';

/** Names in a drop folder: which are taken for inputs, in which order, and under which number they are put away. Pure. */

/** What uploaders call a file that is not whole yet. */
const unfinished = /\.(?:tmp|part|filepart)$/;

/** Why a name is never an input, whatever `--match` says; `null`: `--match` decides. */
export function whyNoInput(name: string, marker: string | null): string | null {
  if (name.startsWith('.')) return 'hidden';
  if (unfinished.test(name)) return 'named as unfinished uploads are';
  if (isJobFile(name)) return 'named as job files are';
  return marker !== null && name.endsWith(marker) ? 'a marker' : null;
}

/** The patterns of a shell, for names alone: no folders, no comments, no negation of a whole pattern. */
const globOptions: MinimatchOptions = {
  dot: true,
  nocomment: true,
  noext: true,
  noglobstar: true,
  nonegate: true,
  platform: 'linux',
};

/**
 * A bracket or a brace without its end stands for itself. A name matches too where only its case differs: uploads from
 * Windows are called LOYALTY.CSV, and nobody notices a file that is never sent.
 */
export function matcherOf(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.flatMap((glob) => [
    new Minimatch(glob, globOptions),
    new Minimatch(glob, { ...globOptions, nocase: true }), // does not match all that the first does: [!a-z]
  ]);
  return (name) => patterns.some((pattern) => pattern.match(name));
}

/** By code point, which is the order of the bytes in UTF-8: the same on every machine, whatever its language. */
export function byCodePoint(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index += 1) {
    const [left, right] = [one.charCodeAt(index), other.charCodeAt(index)];
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return one.length - other.length;
}

/** Surrogates stand for characters above U+FFFF: their place is after U+E000 to U+FFFF. */
function codePointRank(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}

/** What tells the kind of file. */
const dataEnd = /(?:\.(?:csv|tsv|txt|gz))+$/i;

/** `loyalty.csv.gz`, then `loyalty-2.csv.gz`. */
export function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const [stem, end] = parted(name);
  return `${stem}-${number}${end}`;
}

function parted(name: string): readonly [stem: string, end: string] {
  const end = dataEnd.exec(name);
  const cut = end === null || end.index === 0 ? name.length : end.index;
  return [name.slice(0, cut), name.slice(cut)];
}

/** The longest name whose job files have names that every file system takes: the limit of --name. */
export const nameBytesMax = 200;

/** A name for `failed/` that every system shows and takes: bytes that are not text as `%E9`, cut in its middle if too long. */
export function safeName(bytes: Uint8Array): string {
  const [stem, end] = parted(textOf(bytes) ?? escapedBytes(bytes));
  const roomBytes = nameBytesMax - Buffer.byteLength(end);
  if (roomBytes >= Buffer.byteLength(stem)) return stem + end;
  if (roomBytes < 1) return safeName(Buffer.from(stem)); // an end of hundreds of .gz tells nothing
  let cut = '';
  let cutBytes = 0;
  for (const character of stem) {
    cutBytes += Buffer.byteLength(character);
    if (cutBytes > roomBytes - 1) break;
    cut += character;
  }
  return `${cut}~${end}`;
}

/** The path of what lies beside a file, its name with `end` behind it. */
export function pathBeside(path: DiskPath, end: string): DiskPath {
  return typeof path === 'string' ? path + end : Buffer.concat([path, Buffer.from(end)]);
}

/** `null`: it is not UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes).toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : null;
}

function escapedBytes(bytes: Uint8Array): string {
  const escaped = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  const isPlain = (byte: number) => byte > 0x20 && byte < 0x7f && byte !== 0x25;
  return Array.from(bytes, (byte) => (isPlain(byte) ? String.fromCharCode(byte) : escaped(byte))).join('');
}
