import { looksLikeName } from '../target-api/characters/shown-names.js';
import { type Columns, isIdName } from '../target-api/columns.js';
import type { NamedOption } from '../terms/errors.js';
import type { Hint } from './codes.js';
import type { HintEvidence } from './hint-tally.js';

/** What to add to the command so that the file is sent as it was meant. Only what is sure enough to be pasted. Pure. */
export function advisedOptions(
  hints: readonly Hint[],
  evidence: HintEvidence,
  columns: Columns,
  values: 'encoded' | 'raw',
): NamedOption[] {
  const has = (code: Hint['code']) => hints.some((hint) => hint.code === code);
  const advised: NamedOption[] = [];
  const add = (name: string, value: string | null = null) => advised.push({ name, value });
  if (has('windows-1252')) add('encoding', 'windows-1252');
  if (values === 'encoded' && has('not-encoded') && !evidence.hasEncodedValues) add('values', 'raw');
  if (has('padded-values') || has('id-space')) add('trim');
  if (has('null-values') || has('id-null')) for (const word of evidence.nullWords) add('null', word);
  if (has('two-id-columns')) {
    for (const { name } of columns.attributes) if (isIdName(name) && looksLikeName(name)) add('skip', name);
  }
  return advised;
}
