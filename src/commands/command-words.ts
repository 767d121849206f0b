import { shellCommand } from '../terminal/shell.js';
import type { Call } from './call.js';
import { verbs } from './verbs.js';

/** A command that goes on from this call, to be pasted: the same options, in the same words. */

/** What an option that is given again would do again. */
const onceOnly: readonly string[] = ['restart', 'forget'];

/** The same command, but for what would begin again. */
export function sameCommand(call: Call): string {
  return commandFor(call, call.files, onceOnly);
}

/** The same for another file: what names this job and its file is left out. */
export function commandForFile(call: Call, file: string): string {
  return commandFor(call, [file], [...onceOnly, 'name', 'on-changed', 'out']);
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
  // A file that looks like an option has to come after `--`.
  const fileWords = files.some((file) => /^-./.test(file)) ? ['--', ...files] : files;
  return shellCommand([...program, verb, ...words, ...fileWords]);
}
