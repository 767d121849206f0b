import { shellCommand } from '../../terminal/shell.js';
import type { Call } from './call.js';
import { verbs } from './verbs.js';

/** A command that goes on from this call, to be pasted: the same options, in the same words. */

/** What an option that is given again would do again. */
const onceOnly: readonly string[] = ['restart', 'forget'];

/** The same command, but for what would begin again. */
export function sameCommand(call: Call): string {
  return commandFor(call, call.files, onceOnly);
}

/** Sends another file in the same way: what names this job and its file is left out, and what only a drop folder has. */
export function commandForFile(call: Call, file: string): string {
  const verb = call.verb === 'drop' ? 'send' : call.verb;
  return commandFor(
    { ...call, verb },
    [file],
    [...onceOnly, 'name', 'on-changed', 'out', 'match', 'marker', 'settle', 'watch'],
  );
}

function commandFor({ verb, options, host }: Call, files: readonly string[], without: readonly string[]): string {
  const flags = Object.values(verbs[verb].table).filter(({ kind }) => kind.isFlag === true);
  const words = [...options]
    .filter(([name]) => !without.includes(name))
    .flatMap(([name, text]) => {
      if (flags.some((flag) => flag.name === name)) return [text === 'true' ? `--${name}` : `--no-${name}`];
      return text.startsWith('-') ? [`--${name}=${text}`] : [`--${name}`, text];
    });
  // What npx runs is not on the path.
  const program = host.surroundings.environment.npm_command === 'exec' ? ['npx', 'profile-drip'] : ['profile-drip'];
  // A file that looks like an option, or would be taken for one more word of an option, has to come after `--`.
  const takesWords = Object.values(verbs[verb].table).some(
    ({ name, kind }) => kind.wordSeparator !== undefined && options.has(name) && !without.includes(name),
  );
  const fileWords = takesWords || files.some((file) => /^-./.test(file)) ? ['--', ...files] : files;
  return shellCommand([...program, verb, ...words, ...fileWords]);
}
