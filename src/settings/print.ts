import { harmless } from '../text/harmless.js';
import type { AnySetting, Verb } from './kinds/setting.js';
import type { SettingsFound } from './read.js';
import { type SourceKind, tokenVariable } from './sources.js';
import { settingsTable } from './table.js';

/** One line of `--print-config`. */
export interface PrintedSetting {
  readonly name: string;
  /** As one would type it; `null`: not set. */
  readonly value: string | null;
  readonly source: SourceKind;
  /** The place itself: `PROFILE_DRIP_RATE`, `"rate" in "drip.json"`; `null` for a default. */
  readonly where: string | null;
}

/** Each setting of a verb in the table's order, and the token as set or not set. */
export function printedSettings(found: SettingsFound, verb: Verb): PrintedSetting[] {
  const own = found.entries.filter(
    ({ setting }) => setting.verbs.includes(verb) && setting !== settingsTable.printConfig,
  );
  const printed = own.map(({ setting, value, source, where }): PrintedSetting => {
    return { name: setting.name, value: shown(setting, value), source, where };
  });
  if (!settingsTable.tokenFile.verbs.includes(verb)) return printed;
  return [...printed, { name: 'token', value: found.hasToken ? 'set' : null, ...tokenPlace(found) }];
}

/** A folder that is not used is empty. */
function shown({ kind }: AnySetting, value: unknown): string | null {
  if (value === null || value === '') return null;
  return kind.conceal === undefined ? kind.show(value) : kind.conceal(value);
}

function tokenPlace({ entries, hasToken }: SettingsFound): Pick<PrintedSetting, 'source' | 'where'> {
  if (!hasToken) return { source: 'default', where: null };
  const file = entries.find(({ setting }) => setting === settingsTable.tokenFile);
  if (file === undefined || file.source === 'default') return { source: 'environment', where: tokenVariable };
  return { source: file.source, where: file.where };
}

/** The same as columns for a person. */
export function printedLines(printed: readonly PrintedSetting[]): string[] {
  const shown = printed.map(({ name, value, source, where }) => {
    const place = where === null || source === 'command line' ? source : `${source}: ${where}`;
    return [name, value === null ? 'not set' : harmless(value), place] as const;
  });
  const nameWidth = Math.max(...shown.map(([name]) => name.length));
  const valueWidth = Math.min(40, Math.max(...shown.map(([, value]) => value.length)));
  return shown.map(([name, value, place]) => `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${place}`);
}
