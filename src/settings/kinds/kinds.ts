import { readStateUrl, withoutPassword } from '../../terms/state-url.js';
import { grouped } from '../../text/numbers.js';
import type { Kind, Reading } from './setting.js';

/** How texts become values. Each kind is pure; what needs the machine (a token file, a config file) is read elsewhere. */

function value<Value>(of: Value): Reading<Value> {
  return { kind: 'value', value: of };
}

function wrong(why: string | null = null): { readonly kind: 'wrong'; readonly why: string | null } {
  return { kind: 'wrong', why };
}

const wholeDigits = /^[0-9]{1,15}$/;
const decimalDigits = /^(?:[0-9]{1,15})(?:\.[0-9]{1,6})?$/;

/** `min` to `max`, both included; up to 15 digits are exact. `what` names the unit. */
export function wholeNumber(what: string, min: number, max: number): Kind<number> {
  return {
    expected: `${what}, ${grouped(min)} to ${grouped(max)}, without separators`,
    read(text) {
      const count = Number(text);
      return wholeDigits.test(text) && count >= min && count <= max ? value(count) : wrong();
    },
    show: String,
  };
}

export function decimalNumber(what: string, min: number, max: number): Kind<number> {
  return {
    expected: `${what}, ${grouped(min)} to ${grouped(max)} (decimals are fine)`,
    read(text) {
      const amount = Number(text);
      return decimalDigits.test(text) && amount >= min && amount <= max ? value(amount) : wrong();
    },
    show: String,
  };
}

/** Seconds outside, milliseconds inside. The bounds are in seconds. */
export function seconds(min: number, max: number): Kind<number> {
  const { expected, read } = decimalNumber('seconds', min, max);
  return {
    expected,
    expectedValue: `milliseconds, ${grouped(min * 1000)} to ${grouped(max * 1000)}`,
    read(text) {
      const reading = read(text);
      if (reading.kind === 'wrong')
        return /^[0-9.]+ ?(s|m|h|min|ms|sec)$/.test(text) ? wrong('write it without a unit') : reading;
      return value(Math.round(reading.value * 1000));
    },
    show: (milliseconds) => String(milliseconds / 1000),
  };
}

export function choice<const Choice extends string>(...choices: readonly Choice[]): Kind<Choice> {
  return {
    expected: choices.join(' or '),
    choices,
    read(text) {
      const found = choices.find((one) => one === text);
      return found === undefined ? wrong() : value(found);
    },
    show: (of) => of,
  };
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
]);

export const flag: Kind<boolean> = {
  expected: 'true or false (or 1, 0, yes, no)',
  isFlag: true,
  read(text) {
    const truth = truths.get(text.toLowerCase());
    return truth === undefined ? wrong() : value(truth);
  },
  show: String,
};

const noControlCharacters = /^[^\u0000-\u001f\u007f]+$/;

export function text(expected: string): Kind<string> {
  return { expected, read: (given) => (noControlCharacters.test(given) ? value(given) : wrong()), show: (of) => of };
}

/** Between the words of a list in the environment. */
const listSeparator = '|';
/** Before each word of a list whose words may hold anything else. */
const wordStart = '\0';

/** Words as the one text that a list's kind reads. */
export function listText(words: readonly string[]): string {
  const isPlain = words.length > 0 && words.every((word) => !word.includes(listSeparator) && word !== '');
  return isPlain ? words.join(listSeparator) : words.map((word) => wordStart + word).join('');
}

/** The words of such a text. */
export function wordsOf(given: string): string[] {
  return given.startsWith(wordStart) ? given.slice(1).split(wordStart) : given.split(listSeparator);
}

/** `expected`: of one word. */
export function list(expected: string, isWord: (word: string) => boolean): Kind<readonly string[]> {
  return {
    expected: `${expected}; several: give the option again (in the environment with | between them, in a config file as a list)`,
    expectedValue: `a list: ${expected} each`,
    isList: true,
    read(given) {
      const words = wordsOf(given);
      const isGood = words.every((word) => word.trim() !== '' && noControlCharacters.test(word) && isWord(word));
      return isGood ? value(words) : wrong();
    },
    show: listText,
  };
}

export const columnNames = list('the name of a column', () => true);

/** Both names have something in them. */
export const renames = list('OLD=NEW, two names of columns', (word) => /^[^=]*[^=\s][^=]*=.*\S/.test(word));

export const words = list('a word that stands for no value', () => true);

/** The system's rule: any character but NUL. */
export const path: Kind<string> = {
  expected: 'a path',
  read: (given) => (given.includes('\0') ? wrong() : value(given)),
  show: (of) => of,
};

/** What a shell is given. Never repeated: it may hold a secret. */
export const shellText: Kind<string> = {
  expected: 'a command for sh -c',
  read: (given) => (given.includes('\0') ? wrong() : value(given)),
  show: (of) => of,
  mayRepeat: () => false,
};

/** As `path`, but never repeated: by mistake it may hold the token itself. */
export const secretPath: Kind<string> = { ...path, mayRepeat: () => false };

/** Where the state is in PostgreSQL. It may hold a password: no message repeats it. */
export const stateUrl: Kind<string> = {
  expected: 'postgres://USER@HOST/DATABASE',
  mayRepeat: () => false,
  holdsSecret(given) {
    const reading = readStateUrl(given);
    return reading.kind === 'url' && reading.url.password !== null;
  },
  read(given) {
    const reading = readStateUrl(given);
    return reading.kind === 'url' ? value(given) : wrong(reading.why);
  },
  show: (of) => of,
  conceal: withoutPassword,
};

/** `<stem>.checkpoint.json` and its temporary name have to fit into the 255 bytes that file systems take. */
const stemBytesMax = 200;

export const stem: Kind<string> = {
  expected: `a file name without folders, up to ${stemBytesMax} bytes`,
  read(given) {
    if (/[/\\]/.test(given)) return wrong('say the folder with --out');
    const isName = noControlCharacters.test(given) && given !== '.' && given !== '..';
    return isName && Buffer.byteLength(given) <= stemBytesMax ? value(given) : wrong();
  },
  show: (of) => of,
};

/** Labels of letters, digits, `-` and `_`, joined by dots; a port is not part of it. */
export const hostName: Kind<string> = {
  expected: 'a host name (www.example.com)',
  read(given) {
    const isHost =
      given.length <= 253 && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i.test(given);
    return isHost ? value(given) : wrong(given.includes('/') ? 'give the host alone' : null);
  },
  show: (of) => of,
};

/** Adobe's documentation: up to 250 characters. */
export const mboxName: Kind<string> = {
  expected: 'the name of an mbox, up to 250 characters',
  read: (given) => (noControlCharacters.test(given) && given.length <= 250 ? value(given) : wrong()),
  show: (of) => of,
};

/** It becomes a label of a host name (63 characters, RFC 1035 section 2.3.4) and a part of the path. */
export const clientCode: Kind<string> = {
  expected: "Target's client code: letters, digits, - and _, up to 63",
  read(given) {
    if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(given)) return value(given);
    const host = /^(?:https?:\/\/)?([A-Za-z0-9_-]+)\.tt\.omtrdc\.net/.exec(given);
    return wrong(host === null ? null : `give the code alone, ${host[1]}`);
  },
  show: (of) => of,
};

/** One character that can part cells; `\t` and `tab` stand for a tab, which is hard to type; `auto`: look for it. */
export const delimiter: Kind<string> = {
  expected: 'one character that is not a letter, digit, quote or line break (tab for a tab), or auto',
  read(given) {
    if (given === 'auto') return value(given);
    const character = given === '\\t' || given === 'tab' ? '\t' : given;
    // A shell makes t of \t without quotes; no file has letters between its cells.
    if (character === 't') return wrong('a shell makes t of \\t, add --delimiter tab');
    return [...character].length === 1 && !/["\r\n\0\p{L}\p{N}]/u.test(character) ? value(character) : wrong();
  },
  show: (of) => (of === '\t' ? '\\t' : of),
};

export type RowLimit =
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'share'; readonly share: number };

/** `20` rows, or `5%` of the rows that have ended. */
export const rowLimit: Kind<RowLimit> = {
  expected: 'a number of rows (20) or a share of them, 0% to 100% (5%)',
  read(given) {
    if (wholeDigits.test(given)) return value({ kind: 'rows', rows: Number(given) });
    const percent = Number(given.slice(0, -1));
    const isShare = given.endsWith('%') && decimalDigits.test(given.slice(0, -1)) && percent <= 100;
    return isShare ? value({ kind: 'share', share: percent / 100 }) : wrong();
  },
  otherForm: (given) => (typeof given === 'number' || typeof given === 'string' ? String(given) : null),
  show: (limit) => (limit.kind === 'rows' ? String(limit.rows) : `${Number((limit.share * 100).toFixed(6))}%`),
};

/** Scheme, host and port: the path belongs to the API, and the token says who may call. */
export const origin: Kind<string> = {
  expected: 'https://host or https://host:port, nothing after it',
  mayRepeat: (given) => !given.includes('@'), // what stands before it may be a password
  read(given) {
    if (!URL.canParse(given)) return wrong(/^[a-z]+:\/\//i.test(given) ? null : 'write https:// before it');
    const url = new URL(given);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return wrong();
    if (url.username !== '' || url.password !== '') return wrong('a user name or password has no place in it');
    if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return wrong('the path is added by the program');
    return value(url.origin);
  },
  show: (of) => of,
};
