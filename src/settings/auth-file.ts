import { systemCode, UsageError } from '../terms/errors.js';
import * as kinds from './kinds/kinds.js';
import type { TokenFiles } from './token.js';

/** A line of --auth-file: who may send for a client code (in lower case), or for every one (`null`). */
export interface AuthLine {
  readonly clientCode: string | null;
  readonly token: string;
}

const example = 'lines CODE TOKEN, or * TOKEN for every client code';
/** Shorter ones can be guessed. */
const tokenLengthMin = 16;

/**
 * Reads the file of who may send. Neither its path nor a line of it is in a message: either may be a token by mistake.
 *
 * @throws UsageError `auth-file-unreadable`, `auth-file-mode`, `auth-file-line`, `auth-file-empty`.
 */
export async function readAuthFile(path: string, files: TokenFiles): Promise<AuthLine[]> {
  const { text, mode } = await read(path, files);
  if ((mode & 0o077) !== 0) {
    const message = `--auth-file: expected a file that its owner alone can read; its mode is ${mode.toString(8)}. Give the command chmod 600 for it`;
    throw new UsageError('auth-file-mode', message);
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const found = lines.flatMap((line, index) => (line === '' || line.startsWith('#') ? [] : [parse(line, index + 1)]));
  if (found.length === 0) throw new UsageError('auth-file-empty', `--auth-file: expected ${example}; found none`);
  return found;
}

function parse(line: string, lineNumber: number): AuthLine {
  const wrong = (found: string) =>
    new UsageError('auth-file-line', `--auth-file, line ${lineNumber}: expected ${example}; found ${found}`);
  const [code = '', token = '', ...rest] = line.split(/\s+/);
  if (rest.length > 0 || token === '') throw wrong(`${rest.length + (token === '' ? 1 : 2)} words`);
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < tokenLengthMin) {
    throw wrong(`a token that is too short or has other than letters, digits and signs (${tokenLengthMin} at least)`);
  }
  if (code === '*') return { clientCode: null, token };
  if (kinds.clientCode.read(code).kind === 'wrong') throw wrong('a first word that is not a client code');
  return { clientCode: code.toLowerCase(), token };
}

async function read(path: string, files: TokenFiles): Promise<{ readonly text: string; readonly mode: number }> {
  try {
    return { text: await files.readText(path), mode: (await files.stat(path)).mode };
  } catch (error) {
    const why = systemCode(error) ?? 'unreadable';
    throw new UsageError('auth-file-unreadable', `--auth-file: the file that it names cannot be read (${why})`, {
      cause: error,
    });
  }
}
