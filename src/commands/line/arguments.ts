import { UsageError } from '../../terms/errors.js';
import { quoted } from '../../text/harmless.js';
import type { Call } from './call.js';
import { verbs } from './verbs.js';

/** How many FILEs a verb takes. */

export function refuseSurplus({ verb, files }: Pick<Call, 'verb' | 'files'>): void {
  const { arguments: own, usage } = verbs[verb];
  if (own.max === null || files.length <= own.max) return;
  const surplus = files.slice(own.max).map(quoted).join(', ');
  throw new UsageError('argument-surplus', `${verb}: expected profile-drip ${usage}; found also ${surplus}`);
}

/** Not asked where only the settings are to be shown. */
export function requireFiles({ verb, files }: Pick<Call, 'verb' | 'files'>): void {
  const { arguments: own, usage } = verbs[verb];
  const empty = files.find((file) => file === '');
  if (empty !== undefined) throw new UsageError('argument-empty', `${verb}: expected ${own.name}; found an empty name`);
  if (files.length >= own.min) return;
  throw new UsageError('argument-missing', `${verb}: expected ${own.name}; found none. Usage: profile-drip ${usage}`);
}
