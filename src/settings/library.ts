import { UsageError } from '../terms/errors.js';
import { quoted } from '../text/harmless.js';
import { checkAgreement } from './contradictions.js';
import { didYouMean } from './did-you-mean.js';
import type { AnySetting, Surroundings, Verb } from './kinds/setting.js';
import { checkKeyFile, checkOnePlace, noFolder } from './state.js';
import { type Settings, settingsTable } from './table.js';
import { checkToken } from './token.js';
import { withDefaults } from './values.js';

/** Settings as a program gives them: the table's names in camelCase, units in the names, no environment, no files. */

const byKey = new Map<string, AnySetting>(Object.entries(settingsTable));

/**
 * Fills in the defaults of `verb` and checks each value as the command line's are checked. `undefined` is as if not given.
 *
 * @throws UsageError `option-unknown`, `option-value`, `option-contradiction`, `token-twice`, `token-empty`, `token-characters`.
 */
export function completeSettings(
  given: object,
  token: string | null,
  surroundings: Surroundings,
  verb: Verb = 'send',
): Settings {
  const values = new Map<AnySetting, unknown>();
  for (const [key, value] of Object.entries(given)) {
    const setting = byKey.get(key);
    if (setting === undefined) {
      const hint = didYouMean(key, [...byKey.keys()], (name) => name);
      throw new UsageError('option-unknown', `${quoted(key)} is not an option${hint}`);
    }
    if (value !== undefined) values.set(setting, checkedValue(key, setting, value));
  }
  const isGiven = (name: string) => [...values.keys()].some((setting) => setting.name === name);
  checkOnePlace(isGiven);
  if (isGiven('state-url')) values.set(settingsTable.stateDir, noFolder);
  const settings = withDefaults(settingsTable, values, surroundings, verb);
  if (token !== null) checkToken(token, 'token');
  checkKeyFile(settings);
  checkAgreement(settings, token);
  return settings;
}

/** A value is good if, typed as text, it reads as itself: so the library's rules are the command line's. */
function checkedValue(key: string, setting: AnySetting, value: unknown): unknown {
  if (value === null && setting.default === null) return value;
  const { kind } = setting;
  const other = kind.otherForm?.(value) ?? null;
  const otherReading = other === null || other === '' ? null : kind.read(other);
  if (otherReading?.kind === 'value') return otherReading.value;
  const text = shownText(setting, value);
  const reading = text === null || text === '' ? null : kind.read(text);
  if (reading?.kind === 'value') {
    // A text as the kind writes it (`https://host/` is `https://host`), everything else as it was given.
    if (typeof value === 'string' && typeof reading.value === 'string') return reading.value;
    if (rounded(reading.value) === rounded(value)) return value;
  }
  throw new UsageError('option-value', `${key}: expected ${kind.expectedValue ?? kind.expected}`);
}

/** `null` for a value of another type than the kind's. */
function shownText({ kind }: AnySetting, value: unknown): string | null {
  try {
    const text: unknown = kind.show(value);
    return typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}

/** A share of a third is not typed to its last digit. */
function rounded(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'number' ? part.toPrecision(7) : part));
}
