import { systemCode, UsageError } from '../terms/errors.js';
import { quoted } from '../text/harmless.js';
import { checkAgreement, warnings } from './contradictions.js';
import type { AnySetting, Surroundings, Verb } from './kinds/setting.js';
import type { Notice } from './notice.js';
import { fromCommandLine, fromConfigFile, fromEnvironment, type Given, type SourceKind } from './sources.js';
import { checkKeyFile, checkOnePlace, findStateUrl, noFolder, passwordOf, refuseSecrets } from './state.js';
import { type Settings, settingsTable } from './table.js';
import { readTokenFile, type TokenFiles, tokenFromEnvironment } from './token.js';
import { valueFrom, withDefaults } from './values.js';

export interface SettingsRequest {
  readonly verb: Verb;
  /** Options by name as given on the command line, `true` and `false` for flags. Unknown names were refused before. */
  readonly commandLine: ReadonlyMap<string, string>;
  readonly surroundings: Surroundings;
  readonly files: TokenFiles;
}

/** One setting, its value, and where that came from; `where` names the place itself, and is `null` for a default. */
export interface Entry {
  readonly setting: AnySetting;
  readonly value: unknown;
  readonly source: SourceKind;
  readonly where: string | null;
}

export interface SettingsFound {
  readonly settings: Settings;
  /** From the environment, or from a pipe; a file's own is read, and read again, by the run that sends. */
  readonly token: string | null;
  /** In the table's order. */
  readonly entries: readonly Entry[];
  readonly notices: readonly Notice[];
  readonly hasToken: boolean;
  /** What may stand in no output: the token and the password of the state, wherever they came from. */
  readonly secrets: readonly string[];
}

/**
 * All settings of one call, each checked, in rising order of strength: default, config file, environment, command line.
 *
 * @throws UsageError for the first thing that is not as expected, overridden or not.
 */
export async function readSettings(request: SettingsRequest): Promise<SettingsFound> {
  const { surroundings, verb } = request;
  const environment = fromEnvironment(surroundings.environment, verb);
  const commandLine = fromCommandLine(request.commandLine, verb);
  const config = await readConfig([...environment.given, ...commandLine], request.files, verb);
  const given = [...config, ...environment.given, ...commandLine].filter((one) => one.setting.verbs.includes(verb));

  const values = new Map<AnySetting, unknown>();
  const last = new Map<AnySetting, Given>();
  for (const one of given) {
    values.set(one.setting, valueFrom(one));
    last.set(one.setting, one);
  }
  refuseSecrets(given);
  const isGiven = (name: string) => given.some(({ setting }) => setting.name === name);
  checkOnePlace(isGiven);
  const isShared = isGiven('state-url') || isGiven('state-url-file');
  if (isShared) values.set(settingsTable.stateDir, noFolder);
  const plain = withDefaults(settingsTable, values, surroundings, verb);
  const { stateUrl, notices: stateNotices } = await findStateUrl(plain, request.files);
  const settings = { ...plain, stateUrl };
  checkKeyFile(settings);
  const takesToken = settingsTable.tokenFile.verbs.includes(verb);
  const sends = settingsTable.concurrency.verbs.includes(verb);
  const token = takesToken ? tokenFromEnvironment(surroundings.environment) : null;
  checkAgreement(settings, token);
  const file = settings.tokenFile === null ? null : await readTokenFile(settings.tokenFile, request.files);
  const isRead = file !== null && !file.canReadAgain;
  return {
    settings: isRead ? { ...settings, tokenFile: null } : settings,
    token: isRead ? file.token : token,
    entries: entriesOf(settings, last),
    notices: [...environment.notices, ...(sends ? warnings(settings) : []), ...(file?.notices ?? []), ...stateNotices],
    hasToken: token !== null || file !== null,
    secrets: [token, file?.token ?? null, passwordOf(stateUrl)].filter((secret) => secret !== null),
  };
}

function entriesOf(settings: Settings, given: ReadonlyMap<AnySetting, Given>): Entry[] {
  const values = new Map<string, unknown>(Object.entries(settings));
  return Object.entries(settingsTable).map(([key, setting]) => {
    const from = given.get(setting);
    return { setting, value: values.get(key), source: from?.source ?? 'default', where: from?.where ?? null };
  });
}

async function readConfig(others: readonly Given[], files: TokenFiles, verb: Verb): Promise<Given[]> {
  const config = others.findLast((one) => one.setting === settingsTable.config);
  if (config === undefined) return [];
  const path = String(valueFrom(config));
  let content: string;
  try {
    content = await files.readText(path);
  } catch (error) {
    const why = systemCode(error) ?? 'unreadable';
    throw new UsageError('config-unreadable', `${config.where}: ${quoted(path)} cannot be read (${why})`, {
      cause: error,
    });
  }
  const given = fromConfigFile(content, path, verb);
  const command = given.find((one) => one.setting === settingsTable.onEnd);
  if (command !== undefined && (await files.stat(path)).mayOthersWrite) {
    const message = `${command.where}: others may write to that file, and it names a command that runs as you. Take the right away (chmod go-w, chown), or give --on-end on the command line`;
    throw new UsageError('config-writable', message);
  }
  return given;
}
