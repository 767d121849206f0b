import { systemCode, UsageError } from '../terms/errors.js';
import { readStateUrl } from '../terms/state-url.js';
import { stateUrl as stateUrlKind } from './kinds/kinds.js';
import type { Notice } from './notice.js';
import type { Given } from './sources.js';
import type { Settings } from './table.js';
import type { TokenFiles } from './token.js';

/** Where the state is: one folder, or one database. */

/** @throws UsageError `state-url-password` for a password where others can read it. */
export function refuseSecrets(given: readonly Given[]): void {
  for (const { setting, text, source, where } of given) {
    if (source === 'environment' || setting.kind.holdsSecret?.(text) !== true) continue;
    const message = `${where}: a password has no place here, because others can read it. Take it out of the URL, and use PGPASSWORD, ~/.pgpass or --state-url-file`;
    throw new UsageError('state-url-password', message);
  }
}

/** @throws UsageError `option-contradiction` where more than one place is named. */
export function checkOnePlace(isGiven: (name: 'state-dir' | 'state-url' | 'state-url-file') => boolean): void {
  const named = (['state-dir', 'state-url', 'state-url-file'] as const).filter(isGiven);
  if (named.length <= 1) return;
  const list = named.map((name) => `--${name}`).join(' and ');
  throw new UsageError('option-contradiction', `${list} contradict each other: the state is in one place`);
}

/** A folder keeps its own secret. @throws UsageError `option-contradiction` */
export function checkKeyFile({ memoryKeyFile, stateUrl }: Pick<Settings, 'memoryKeyFile' | 'stateUrl'>): void {
  if (memoryKeyFile === null || stateUrl !== null) return;
  const message = '--memory-key-file: expected --state-url beside it, because a folder keeps a key of its own';
  throw new UsageError('option-contradiction', message);
}

export interface StateUrlFound {
  readonly stateUrl: string | null;
  readonly notices: readonly Notice[];
}

/** The URL from its option or its file. @throws UsageError `state-url-unreadable`, `option-value` */
export async function findStateUrl(settings: Settings, files: TokenFiles): Promise<StateUrlFound> {
  const { stateUrl, stateUrlFile } = settings;
  if (stateUrlFile === null) return { stateUrl, notices: [] };
  let text: string;
  let mode: number;
  try {
    text = (await files.readText(stateUrlFile)).trim();
    mode = (await files.stat(stateUrlFile)).mode;
  } catch (error) {
    const why = systemCode(error) ?? 'unreadable';
    const message = `--state-url-file: expected the path of a file with the URL of the state in it; the file cannot be read (${why})`;
    throw new UsageError('state-url-unreadable', message, { cause: error });
  }
  const reading = stateUrlKind.read(text);
  if (reading.kind === 'wrong') {
    const why = reading.why === null ? '' : `; ${reading.why}`;
    throw new UsageError(
      'option-value',
      `the file that --state-url-file names: expected ${stateUrlKind.expected}${why}`,
    );
  }
  const isOpen = (mode & 0o077) !== 0 && passwordOf(text) !== null;
  const message = `the file that --state-url-file names can be read by others (its mode is ${mode.toString(8)}); chmod 600 keeps it to its owner`;
  return { stateUrl: text, notices: isOpen ? [{ level: 'warning', code: 'state-url-file-mode', message }] : [] };
}

/** `null`: it has no URL in it. */
export function passwordOf(stateUrl: string | null): string | null {
  const reading = stateUrl === null ? null : readStateUrl(stateUrl);
  return reading?.kind === 'url' ? reading.url.password : null;
}

/** With a database no folder is needed, and none is looked for: a container may have no home. */
export const noFolder = '';
