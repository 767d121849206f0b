import { parseCommandLine } from './parser.js';
import { verbNames } from './verbs.js';

/**
 * Help as text files: yargs takes longer to load than Node.js itself, and help is the same every time. The build asks
 * yargs once (write-help-pages.ts), and cli.ts shows what it said.
 */

/** How wide the pages are; a narrower terminal has yargs make its own. */
export const helpPageColumns = 80;

/** The page of the program itself, beside those of its verbs. */
export const programPage = 'program';

/** Pages by name. */
export function helpPages(): Map<string, string> {
  // The verb `help` has no options to show.
  const names = [programPage, ...verbNames.filter((name) => name !== 'help')];
  return new Map(names.map((name) => [name, helpPage(name)]));
}

function helpPage(name: string): string {
  const parsed = parseCommandLine(name === programPage ? ['--help'] : [name, '--help'], helpPageColumns);
  if (parsed.kind !== 'shown') throw new Error(`no help for ${name}`);
  return parsed.text;
}
