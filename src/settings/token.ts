import { systemCode, UsageError } from '../terms/errors.js';
import { tokenMistake, tokenOfFile } from '../terms/token-text.js';
import type { Notice } from './notice.js';
import { tokenVariable } from './sources.js';

/** The profile token: from the environment or a file alone, and never in a message. */

/** What of the machine a token file needs. */
export interface TokenFiles {
  readText(path: string): Promise<string>;
  /** `mode`: permission bits (0o777 mask). `mayOthersWrite`: group, everybody, or an owner who is neither this user nor root. */
  stat(
    path: string,
  ): Promise<{ readonly mode: number; readonly isRegularFile: boolean; readonly mayOthersWrite: boolean }>;
}

/** @throws UsageError where the token could not go into a header. `where` says where it came from. */
export function checkToken(token: string, where: string): void {
  if (token === '') throw new UsageError('token-empty', `${where} is empty: expected the profile token`);
  const found = tokenMistake(token);
  if (found === null) return;
  throw new UsageError('token-characters', `${where}: expected the profile token alone; found ${found}`);
}

/** The token from the environment; `null`: it has no token. */
export function tokenFromEnvironment(environment: Readonly<Record<string, string | undefined>>): string | null {
  const token = environment[tokenVariable];
  if (token === undefined) return null;
  checkToken(token, `${tokenVariable} in the environment`);
  return token;
}

/** What a token file held at the start. */
export interface TokenFileContent {
  readonly token: string;
  /** A pipe (`<(pass show target)`) can be read only once; a file is read again when the token is refused. */
  readonly canReadAgain: boolean;
  readonly notices: readonly Notice[];
}

/**
 * Reads a token file, so that a mistake shows before anything is sent. Its path is in no message: by mistake it may be
 * the token itself.
 *
 * @throws UsageError `token-unreadable`, `token-empty`, `token-characters`.
 */
export async function readTokenFile(path: string, files: TokenFiles): Promise<TokenFileContent> {
  const { token, mode, isRegularFile } = await read(path, files);
  checkToken(token, 'the file that --token-file names');
  if ((mode & 0o077) === 0 || !isRegularFile) return { token, canReadAgain: isRegularFile, notices: [] };
  const message = `the token file can be read by others (its mode is ${mode.toString(8)}); chmod 600 keeps it to its owner`;
  return { token, canReadAgain: true, notices: [{ level: 'warning', code: 'token-file-mode', message }] };
}

async function read(path: string, files: TokenFiles) {
  try {
    return { ...(await files.stat(path)), token: tokenOfFile(await files.readText(path)) };
  } catch (error) {
    const why = systemCode(error) ?? 'unreadable';
    const message = `--token-file: expected the path of a file with the token in it; the file that it names cannot be read (${why})`;
    throw new UsageError('token-unreadable', message, { cause: error });
  }
}
