import { UsageError } from '../terms/errors.js';
import { quoted } from '../text/harmless.js';
import { didYouMean } from './did-you-mean.js';
import { listText } from './kinds/kinds.js';
import { type AnySetting, environmentName, environmentPrefix, type Surroundings, type Verb } from './kinds/setting.js';
import type { Notice } from './notice.js';
import { settingsTable } from './table.js';

/** Where settings are given: each source makes a list of names and texts, and finds what is not a setting. Pure. */

export type SourceKind = 'default' | 'config file' | 'environment' | 'command line';

/** One setting as it was given in one place. */
export interface Given {
  readonly setting: AnySetting;
  readonly text: string;
  readonly source: SourceKind;
  /** For messages: `--rate`, `PROFILE_DRIP_RATE`, `"rate" in drip.json`. */
  readonly where: string;
}

export const allSettings: readonly AnySetting[] = Object.values(settingsTable);
const names = new Set(allSettings.map(({ name }) => name));

/** The verb's own row of that name; else another verb's: it is a setting all the same, and is passed over. */
function settingNamed(verb: Verb, isMeant: (name: string) => boolean): AnySetting | undefined {
  const rows = allSettings.filter(({ name }) => isMeant(name));
  return rows.find(({ verbs }) => verbs.includes(verb)) ?? rows[0];
}

/** The token is not a setting: it has neither an option nor a key. */
export const tokenVariable = `${environmentPrefix}TOKEN`;

/** Kubernetes sets `<SERVICE>_PORT…` and `<SERVICE>_SERVICE_…` for a service by the name of profile-drip. */
const kubernetesNames = new RegExp(`^${environmentPrefix}(?:PORT_|SERVICE_)`);
const kubernetesPort = /^(?:tcp|udp|sctp):\/\//;

function isOfKubernetes(variable: string, text: string): boolean {
  return kubernetesNames.test(variable) || (variable === environmentName('port') && kubernetesPort.test(text));
}

/** What the environment gives; `notices` warn of names that look like ours and are not. */
export function fromEnvironment(
  environment: Surroundings['environment'],
  verb: Verb,
): { given: Given[]; notices: Notice[] } {
  const given: Given[] = [];
  const notices: Notice[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(environmentPrefix) || variable === tokenVariable || text === undefined) continue;
    if (isOfKubernetes(variable, text)) continue;
    const setting = settingNamed(verb, (name) => environmentName(name) === variable);
    if (setting !== undefined) given.push(checked({ setting, text, source: 'environment', where: variable }));
    else {
      const hint = didYouMean(variable.slice(environmentPrefix.length), [...names], environmentName);
      const message = `${quoted(variable)} in the environment is not a setting of profile-drip and is passed over${hint}`;
      notices.push({ level: 'warning', code: 'environment-unknown', message });
    }
  }
  return { given, notices };
}

/** What a config file's text gives: a JSON object whose keys are the options' names. */
export function fromConfigFile(content: string, path: string, verb: Verb): Given[] {
  const file = quoted(path);
  return Object.entries(parseObject(content, file)).map(([key, entry]) => {
    const where = `${quoted(key)} in ${file}`;
    const setting = settingNamed(verb, (name) => name === key);
    if (setting === undefined) throw unknownKey(key, where);
    if (setting === settingsTable.config) {
      throw new UsageError('config-in-config', `${where}: a config file cannot name another one`);
    }
    if (setting.kind.isList === true && isWords(entry)) {
      return checked({ setting, text: listText(entry), source: 'config file', where });
    }
    // One config file serves several verbs: what another verb takes is that verb's to check.
    if (!setting.verbs.includes(verb)) return checked({ setting, text: '', source: 'config file', where });
    const isPlain = typeof entry === 'string' || typeof entry === 'number' || typeof entry === 'boolean';
    if (!isPlain) {
      const found = entry === null ? 'null' : Array.isArray(entry) ? 'a list' : 'an object';
      throw new UsageError('config-value', `${where}: expected ${setting.kind.expected}; found ${found}`);
    }
    return checked({ setting, text: String(entry), source: 'config file', where });
  });
}

function isWords(entry: unknown): entry is string[] {
  return Array.isArray(entry) && entry.length > 0 && entry.every((word) => typeof word === 'string');
}

function unknownKey(key: string, where: string): UsageError {
  if (/token$/i.test(key)) {
    const message = `${where}: a token has no place in a config file; use "token-file" or ${tokenVariable} in the environment`;
    return new UsageError('config-token', message);
  }
  const hint = didYouMean(key, [...names], (name) => `"${name}"`);
  return new UsageError('config-key-unknown', `${where}: this setting does not exist${hint}`);
}

/** Only the place in the parser's own message is repeated: the message quotes the file, which may hold secrets. */
function parseObject(content: string, file: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content.replace(/^\ufeff/, ''));
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1];
    const line = position === undefined ? null : content.slice(0, Number(position)).split('\n').length;
    const place = line === null ? '' : ` from line ${line} on`;
    throw new UsageError('config-not-json', `--config: expected ${file} to be JSON; it cannot be read${place}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new UsageError('config-not-json', `--config: expected ${file} to hold one JSON object, {"rate": 50}`);
  }
  return parsed;
}

function checked(given: Given): Given {
  if (given.setting.isCommandLineOnly === true) {
    const message = `${given.where}: --${given.setting.name} is accepted only on the command line, because a forgotten one would apply every night; remove it`;
    throw new UsageError('option-command-line-only', message);
  }
  return given;
}

/** What the command line gives: the options' names and their texts (`true` and `false` for flags). */
export function fromCommandLine(options: ReadonlyMap<string, string>, verb: Verb): Given[] {
  return [...options].flatMap(([name, text]): Given[] => {
    const setting = settingNamed(verb, (one) => one === name);
    return setting === undefined ? [] : [{ setting, text, source: 'command line', where: `--${name}` }];
  });
}
