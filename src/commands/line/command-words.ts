import { listText, wordsOf } from '../../settings/kinds/kinds.js';
import { shellCommand } from '../../terminal/shell.js';
import type { NamedOption } from '../../terms/errors.js';
import type { Call, Host } from './call.js';
import { verbs } from './verbs.js';

/** A command that resumes this call, to be pasted: the same options, in the same words. */

/** Options that would act a second time if they were given again. */
const onceOnly: readonly string[] = ['restart', 'forget'];

/** The same command without the options that would begin the job again. */
export function sameCommand(call: Call): string {
  return commandFor(call, call.files, onceOnly);
}

/** What names a job and its file, and what only a drop folder has. */
const ofOneJob: readonly string[] = ['name', 'on-changed', 'out', 'match', 'marker', 'settle', 'watch'];

/** What only a look at a file has. */
const ofOneLook: readonly string[] = ['json', 'progress', 'dry-run', 'show-values'];

/** Sends another file in the same way: what names this job and its file is left out. `added`: what it needs beside that. */
export function commandForFile(call: Call, file: string, added: readonly NamedOption[] = []): string {
  const isLook = call.verb === 'check' || call.options.has('dry-run');
  const verb = call.verb === 'drop' || isLook ? 'send' : call.verb;
  const options = new Map(call.options);
  for (const { name, value } of added) options.set(name, withAdded(call, options.get(name), name, value));
  return commandFor({ ...call, verb, options }, [file], [...onceOnly, ...ofOneJob, ...(isLook ? ofOneLook : [])]);
}

/** A word of a list comes after those that were given. */
function withAdded({ verb }: Call, given: string | undefined, name: string, value: string | null): string {
  if (value === null) return 'true';
  const isList = Object.values(verbs[verb].table).some((one) => one.name === name && one.kind.isList === true);
  return isList ? listText([...(given === undefined ? [] : wordsOf(given)), value]) : value;
}

function commandFor({ verb, options, host }: Call, files: readonly string[], without: readonly string[]): string {
  const flags = Object.values(verbs[verb].table).filter(({ kind }) => kind.isFlag === true);
  const lists = Object.values(verbs[verb].table).filter(({ kind }) => kind.isList === true);
  const words = [...options]
    .filter(([name]) => !without.includes(name))
    .flatMap(([name, text]) => {
      if (flags.some((flag) => flag.name === name)) return [text === 'true' ? `--${name}` : `--no-${name}`];
      const texts = lists.some((list) => list.name === name) ? wordsOf(text) : [text];
      return texts.flatMap((one) => (one.startsWith('-') ? [`--${name}=${one}`] : [`--${name}`, one]));
    });
  // A file that looks like an option, or would be taken for one more word of an option, has to come after `--`.
  const takesWords = Object.values(verbs[verb].table).some(
    ({ name, kind }) => kind.wordSeparator !== undefined && options.has(name) && !without.includes(name),
  );
  const fileWords = takesWords || files.some((file) => /^-./.test(file)) ? ['--', ...files] : files;
  return programCommand(host, [verb, ...words, ...fileWords]);
}

/** A call of this program, to be pasted. */
export function programCommand({ surroundings }: Host, words: readonly string[]): string {
  // What npx runs is not on the path.
  const program = surroundings.environment.npm_command === 'exec' ? ['npx', 'profile-drip'] : ['profile-drip'];
  return shellCommand([...program, ...words]);
}
