import { hasActing, replaceActing } from '../text/sanitize.js';

/** A command that can be pasted into a POSIX shell. */

/** Words that a shell takes as they are. */
const plainWord = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** POSIX, "Shell Command Language", 2.2.2: between single quotes everything is itself but a single quote. */
export function shellWord(word: string): string {
  if (hasActing(word)) return dollarQuoted(word); // as it is, it could do something to the terminal
  return plainWord.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** POSIX.1-2024, "Shell Command Language", 2.2.4; bash, zsh and ksh have long had it. */
function dollarQuoted(word: string): string {
  const escaped = word.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `$'${replaceActing(escaped, octal)}'`;
}

/** Each byte of its UTF-8 form: three octal digits cannot swallow what follows, as hexadecimal ones can. */
function octal(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

export function shellCommand(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
