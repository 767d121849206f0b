import { readFileSync } from 'node:fs';
import { setUpGarbageCollection } from '../platform/garbage-collection.js';
import { type ExitStatus, exitStatus, worstStatus } from '../terms/exit-status.js';
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
    return null; // an unknown verb, or a build without the pages: yargs answers
  }
}

/**
 * The reader of the output may go away (`profile-drip … | head`): sending does not stop for that. Any other result that
 * could not be written is an error of this machine; a lost log line does not matter.
 */
function watchOutput(): { readonly isResultLost: () => Promise<boolean> } {
  const { stdout, stderr } = process;
  let lost: string | null = null;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lost ??= error.code ?? 'unknown error';
  });
  stderr.on('error', () => {});
  const isResultLost = async () => {
    // What was written before has succeeded or failed when this has.
    await new Promise<void>((resolve) => stdout.write('', () => setImmediate(resolve)));
    if (lost !== null) stderr.write(`profile-drip: the result could not be written to standard output (${lost})\n`);
    return lost !== null;
  };
  return { isResultLost };
}

async function runProgram(args: readonly string[]): Promise<ExitStatus> {
  const [{ main }, { processHost }, { sayFailure }] = await Promise.all([
    import('./main.js'),
    import('./line/host.js'),
    import('./line/failure.js'),
  ]);
  const host = processHost((status) => process.exit(status));
  process.on('uncaughtException', (error) => {
    sayFailure(host, error, [process.env.PROFILE_DRIP_TOKEN ?? '']);
    host.output.finish(exitStatus.internal);
    process.exit(exitStatus.internal);
  });
  return main(args, host);
}

const output = watchOutput();
const args = process.argv.slice(2);
const answer = quickAnswer(args);
if (answer === null) {
  setUpGarbageCollection();
  process.exitCode = exitStatus.internal; // should all work end before the program has come to its own end
} else process.stdout.write(answer);
const status = answer === null ? await runProgram(args) : exitStatus.done;
const isLost = await output.isResultLost();
// Exits, whatever still holds the process: it has no more to do.
process.exit(isLost ? worstStatus([status, exitStatus.machine]) : status);
