import { type AnySetting, groups, type Table, type Verb } from './kinds/setting.js';

/** What the parser of the command line is told of a setting; its names are yargs's. */
export interface CommandLineOption {
  readonly group: string;
  readonly describe: string;
  readonly alias?: string;
  readonly type?: 'boolean' | 'array';
  readonly requiresArg?: true;
  readonly choices?: readonly string[];
  readonly defaultDescription?: string;
}

/** The options of a verb by name, in the table's order. No default is told: what is not given must be known as such. */
export function commandLineOptions(table: Table, verb: Verb): ReadonlyMap<string, CommandLineOption> {
  const own = Object.values(table).filter((setting) => setting.verbs.includes(verb));
  return new Map(own.map((setting) => [setting.name, optionOf(setting)]));
}

function optionOf(setting: AnySetting): CommandLineOption {
  const { kind, alias } = setting;
  const defaultText = shownDefault(setting);
  return {
    group: groups[setting.group],
    describe: setting.help,
    ...(alias === undefined ? {} : { alias }),
    ...(kind.isFlag === true ? { type: 'boolean' } : { requiresArg: true }),
    ...(kind.wordSeparator === undefined ? {} : { type: 'array' }),
    ...(kind.choices === undefined ? {} : { choices: kind.choices }),
    ...(defaultText === null ? {} : { defaultDescription: defaultText }),
  };
}

/** As help and the manual show it; `null`: there is no default to show. */
export function shownDefault(setting: AnySetting): string | null {
  if (setting.defaultText !== undefined) return setting.defaultText;
  const value = setting.default;
  const isNone = value === null || value === false || value instanceof Function;
  return isNone ? null : setting.kind.show(value);
}
