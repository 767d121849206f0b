import yargs, { type Argv } from 'yargs';
import { commandLineOptions } from '../../settings/command-line.js';
import { didYouMean } from '../../settings/did-you-mean.js';
import { listText } from '../../settings/kinds/kinds.js';
import type { AnySetting } from '../../settings/kinds/setting.js';
import { valueFrom } from '../../settings/values.js';
import { UsageError } from '../../terms/errors.js';
import { version } from '../../terms/version.js';
import { quoted } from '../../text/harmless.js';
import type { VerbName } from './call.js';
import { topicNames } from './manual.js';
import { isVerbName, type VerbDescription, verbNames, verbs } from './verbs.js';

/** The command line, by yargs: it parses, and makes help and completion. What is said of a mistake is ours. */

export type Parsed =
  | { readonly kind: 'run'; readonly verb: VerbName; readonly files: string[]; readonly options: Map<string, string> }
  /** Help, the version, a completion script: to be shown, and that is all. */
  | { readonly kind: 'shown'; readonly text: string };

/** @throws UsageError for what cannot be understood. `columns`: how wide help may be. */
export function parseCommandLine(args: readonly string[], columns: number): Parsed {
  // yargs takes a word `help` for its own.
  if (args[0] === 'help') {
    const topics = args.slice(1).filter((arg) => !arg.startsWith('-'));
    return { kind: 'run', verb: 'help', files: topics, options: new Map() };
  }
  refuseFlagTexts(args);
  refuseFlagsTwice(args);
  let shown: string | null = null;
  let problem: Error | null = null;
  const program = makeProgram(columns);
  // A half-typed command that a shell wants completed is not a mistake. Every other mistake gets our message, before yargs prints its own.
  if (!args.includes('--get-yargs-completions')) program.middleware((argv) => refuseMistakes(argv), true);
  // With a callback yargs prints nothing and ends nothing. For completion it calls twice: the second time with the text.
  const argv = program.parseSync([...args], {}, (error: Error | undefined, _argv: unknown, output: string) => {
    if (error) problem = error;
    else if (output !== '') shown = output;
  });
  if (problem !== null) throw asUsageError(problem);
  if (shown !== null) return { kind: 'shown', text: `${shown}\n` };
  const [verb, ...files] = argv._.map(String);
  if (verb === undefined) throw new UsageError('verb-missing', `expected a verb: ${verbNames.join(', ')}`);
  if (!isVerbName(verb)) {
    throw new UsageError(
      'verb-unknown',
      `the verb does not exist: ${quoted(verb)}${didYouMean(verb, verbNames, (name) => name)}`,
    );
  }
  return { kind: 'run', verb, files, options: givenOptions(argv, verb) };
}

function makeProgram(columns: number) {
  const program = yargs()
    .scriptName('profile-drip')
    .locale('en')
    .wrap(columns)
    .exitProcess(false)
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
      'strip-aliased': true,
    })
    .updateStrings({ 'Not enough arguments following: %s': 'expected a value after --%s' })
    .usage(
      "$0 VERB [options]\n\nSends a bulk-style CSV through Adobe Target's Single Profile Update API, row by row, within the daily cap, resumable, with a result for each row.",
    )
    .epilogue(
      exampleText([
        ['profile-drip send --client-code acme loyalty.csv', 'send a file'],
        ['profile-drip send --sandbox loyalty.csv', 'try it out without Target'],
      ]) +
        'profile-drip VERB --help shows the options of a verb.\n' +
        `profile-drip help TOPIC shows the manual. Topics: ${topicNames.join(', ')}.`,
    )
    .help()
    .alias('help', 'h')
    .version(version);
  for (const name of verbNames) {
    const verb = verbs[name];
    // FILEs are not positionals of yargs, because it drops a lone `-` from a list of them.
    program.command(name, verb.summary, (own) => describeVerb(own, verb, name));
  }
  return program.completion('completion', 'a completion script for bash, zsh or fish');
}

function describeVerb(program: Argv, { usage, table, examples, epilogue }: VerbDescription, name: VerbName): Argv {
  program.usage(`$0 ${usage}`);
  for (const [option, description] of commandLineOptions(table, name)) program.option(option, description);
  return program.epilogue(exampleText(examples) + (epilogue ?? ''));
}

/** Each command on a line of its own, whole: in columns, as yargs sets examples, it could not be pasted. */
function exampleText(examples: VerbDescription['examples']): string {
  const lines = examples.map(([command, meaning]) => `  # ${meaning}\n  ${command}\n`);
  return lines.length === 0 ? '' : `Examples:\n${lines.join('')}\n`;
}

/** Names that yargs itself knows. */
const ownNames: readonly string[] = ['_', '$0', '--', 'help', 'h', 'version'];

/** @throws UsageError for an option that the verb does not have, and for a value that is not one of its choices. */
function refuseMistakes(argv: Readonly<Record<string, unknown>>): void {
  const verb = Array.isArray(argv._) ? String(argv._[0]) : '';
  if (!isVerbName(verb) || argv.help === true || argv.version === true) return;
  const settings = settingsOf(verb);
  const aliases = [...settings.values()].flatMap(({ alias }) => alias ?? []);
  for (const [name, value] of Object.entries(argv)) {
    if (ownNames.includes(name) || aliases.includes(name)) continue;
    const setting = settings.get(name);
    if (setting === undefined) throw unknownOption(name, verb, [...settings.keys()]);
    const text = textOf(value, setting);
    // yargs makes `--no-rate` a false of `rate`.
    if (text === 'false' && value === false && setting.kind.isFlag !== true)
      throw unknownOption(`no-${name}`, verb, []);
    if (setting.kind.choices !== undefined && value !== true) valueFrom({ setting, text, where: `--${name}` });
  }
}

function unknownOption(name: string, verb: VerbName, names: readonly string[]): UsageError {
  const option = name.length === 1 ? `-${name}` : `--${name}`;
  if (name === 'token') {
    const message = `${verb} has no option --token: it would show in the process list. Use --token-file, or PROFILE_DRIP_TOKEN in the environment`;
    return new UsageError('option-unknown', message);
  }
  const hint = didYouMean(name, names, (one) => `--${one}`);
  const other = verbNames.find((one) => isVerbName(one) && settingsOf(one).has(name));
  const elsewhere = other === undefined ? '' : `; ${other} has it`;
  return new UsageError('option-unknown', `${verb} has no option ${quoted(option)}${hint || elsewhere}`);
}

function settingsOf(verb: VerbName): ReadonlyMap<string, AnySetting> {
  const own = Object.values(verbs[verb].table).filter((setting) => setting.verbs.includes(verb));
  return new Map(own.map((setting) => [setting.name, setting]));
}

/** @throws UsageError for an option that is given several times and is not a list: it is not known which one was meant. */
function textOf(value: unknown, { name, kind }: AnySetting): string {
  if (kind.isList === true) return listText(Array.isArray(value) ? value.map(String) : [String(value)]);
  if (!Array.isArray(value)) return String(value);
  if (kind.wordSeparator !== undefined) return value.join(kind.wordSeparator);
  throw givenTwice(name, value.length);
}

function givenOptions(argv: Readonly<Record<string, unknown>>, verb: VerbName): Map<string, string> {
  const given = [...settingsOf(verb)].filter(([name]) => argv[name] !== undefined);
  return new Map(given.map(([name, setting]) => [name, textOf(argv[name], setting)]));
}

/** yargs takes a flag as it was given last, and keeps no count. */
function refuseFlagsTwice(args: readonly string[]): void {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  for (const name of flagNames()) {
    const count = own.filter(
      (arg) => arg === `--${name}` || arg === `--no-${name}` || arg.startsWith(`--${name}=`),
    ).length;
    if (count > 1) throw givenTwice(name, count);
  }
}

function givenTwice(name: string, count: number): UsageError {
  return new UsageError('option-twice', `--${name}: expected once, found ${count} times. Give it once`);
}

function flagNames(): Set<string> {
  const settings = Object.values(verbs).flatMap(({ table }) => Object.values(table));
  return new Set(settings.filter(({ kind }) => kind.isFlag === true).map(({ name }) => name));
}

/** yargs takes every `--json=no` for a false, `--json=banana` too. */
function refuseFlagTexts(args: readonly string[]): void {
  const flags = flagNames();
  const end = args.indexOf('--');
  for (const arg of end < 0 ? args : args.slice(0, end)) {
    const [, name, text] = /^--([^=]+)=(.*)$/s.exec(arg) ?? [];
    if (text === undefined || text === 'true' || text === 'false' || !flags.has(name ?? '')) continue;
    const message = `--${name}: expected no value, true or false; found ${quoted(text)}`;
    throw new UsageError('option-value', message);
  }
}

function asUsageError(error: Error): Error {
  return error instanceof UsageError ? error : new UsageError('command-line', error.message.trim(), { cause: error });
}
