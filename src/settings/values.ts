import { UsageError } from '../terms/errors.js';
import { quoted } from '../text/harmless.js';
import type { AnySetting, Surroundings, Table, ValuesOf, Verb } from './kinds/setting.js';

/** From texts to values, for any table. Pure. */

export interface GivenText {
  readonly setting: AnySetting;
  readonly text: string;
  /** For messages: `--rate`, `PROFILE_DRIP_RATE`, `"rate" in drip.json`. */
  readonly where: string;
}

/** @throws UsageError saying what was expected, what was found, and where. */
export function valueFrom({ setting, text, where }: GivenText): unknown {
  const { kind } = setting;
  if (text === '') throw new UsageError('option-empty', `${where}: expected ${kind.expected}; found nothing`);
  const reading = kind.read(text);
  if (reading.kind === 'value') return reading.value;
  const found = kind.mayRepeat?.(text) === false ? '' : `; found ${quoted(text)}`;
  const why = reading.why === null ? '' : `; ${reading.why}`;
  throw new UsageError('option-value', `${where}: expected ${kind.expected}${found}${why}`);
}

/** The one place where single values become an object with the table's types. */
export function withDefaults<Some extends Table>(
  table: Some,
  values: ReadonlyMap<AnySetting, unknown>,
  surroundings: Surroundings,
  verb: Verb = 'send',
): ValuesOf<Some> {
  const entries = Object.entries(table).map(([key, setting]) => {
    if (values.has(setting)) return [key, values.get(setting)];
    const own = setting.defaultFor?.[verb];
    if (own !== undefined) return [key, own];
    return [key, setting.default instanceof Function ? setting.default(surroundings) : setting.default];
  });
  // Each value is of its own setting's kind, which no type can follow through a list of all settings.
  return Object.fromEntries(entries) as ValuesOf<Some>;
}

/** The values of a table that the command line alone gives (the sandbox's). */
export function readOptions<Some extends Table>(
  table: Some,
  commandLine: ReadonlyMap<string, string>,
  surroundings: Surroundings,
): ValuesOf<Some> {
  const values = new Map<AnySetting, unknown>();
  for (const setting of Object.values(table)) {
    const text = commandLine.get(setting.name);
    if (text !== undefined) values.set(setting, valueFrom({ setting, text, where: `--${setting.name}` }));
  }
  return withDefaults(table, values, surroundings);
}
