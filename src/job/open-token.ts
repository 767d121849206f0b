import { systemCode, UsageError } from '../terms/errors.js';
import { tokenMistake, tokenOfFile } from '../terms/token-text.js';
import { type TokenSource, tokenSource } from './loop/token.js';
import type { Machine } from './terms/machine.js';
import type { SendOptions } from './terms/options.js';

interface TokenContext {
  readonly options: Pick<SendOptions, 'tokenFile' | 'token'>;
  readonly machine: Pick<Machine, 'readTextFile'>;
}

/** The profile token as the options give it. @throws UsageError `token-unreadable`, `token-characters`. */
export async function openToken(context: TokenContext): Promise<TokenSource> {
  const { tokenFile, token } = context.options;
  if (tokenFile === null) return tokenSource(token, null);
  const read = async () => {
    const text = tokenOfFile(await context.machine.readTextFile(tokenFile));
    const found = tokenMistake(text);
    if (found === null) return text;
    throw new UsageError('token-characters', `--token-file: expected one token alone in the file; found ${found}`);
  };
  // Its path is in no message: by mistake it may be the token itself.
  const first = await read().catch((cause: unknown) => {
    if (cause instanceof UsageError) throw cause;
    const why = systemCode(cause) ?? 'unreadable';
    const message = `--token-file: expected a file with the token in it; the file that it names cannot be read (${why}). Check the path and its permissions`;
    throw new UsageError('token-unreadable', message, { cause });
  });
  return tokenSource(first, read);
}
