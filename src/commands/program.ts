import { readFileSync } from 'node:fs';
import { setUpGarbageCollection } from '../platform/garbage-collection.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { version } from '../terms/version.js';

/**
 * The program: answers at once what needs nothing loaded, else loads the rest and runs a verb. The one place that hands
 * an exit status to the process.
 */

/** How wide the help pages are that the build made. */
const pageColumns = 80;

/** The answer to `--version`, `--help` and `VERB --help`, alone; `null` for everything else. */
function quickAnswer(args: readonly string[]): string | null {
  if (args.length === 1 && args[0] === '--version') return `${version}\n`;
  const last = args.at(-1);
  if (args.length > 2 || (last !== '--help' && last !== '-h')) return null;
  const page = args.length === 1 ? 'program' : args[0];
  const isNarrow = process.stdout.isTTY && process.stdout.columns < pageColumns;
  if (page === undefined || isNarrow || !/^[a-z]+$/.test(page)) return null;
  try {
    return readFileSync(new URL(`../help/${page}.txt`, import.meta.url), 'utf8');
  } catch {
    return null; // no such verb, or a build without the pages: yargs has the say
  }
}

/** Whoever reads may go away (`profile-drip … | head`): that is no reason to stop sending. */
function surviveBrokenPipes(): { readonly hasFault: () => boolean } {
  let hasFault = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') hasFault = true;
    });
  }
  return { hasFault: () => hasFault };
}

async function runProgram(args: readonly string[]): Promise<ExitStatus> {
  const [{ main }, { processHost }, { sayFailure }] = await Promise.all([
    import('./main.js'),
    import('./line/host.js'),
    import('./line/failure.js'),
  ]);
  const host = processHost((status) => process.exit(status));
  process.on('uncaughtException', (error) => {
    sayFailure(host.stderr, error, [process.env.PROFILE_DRIP_TOKEN ?? '']);
    process.exit(exitStatus.internal);
  });
  return main(args, host);
}

const output = surviveBrokenPipes();
const args = process.argv.slice(2);
const answer = quickAnswer(args);
if (answer === null) {
  setUpGarbageCollection();
  process.exitCode = exitStatus.internal; // should all work end before the program has come to its own end
  const status = await runProgram(args);
  // Exits, whatever still holds the process: it has no more to do.
  process.exit(status === exitStatus.done && output.hasFault() ? exitStatus.machine : status);
} else process.stdout.write(answer);
