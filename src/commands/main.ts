import { flag } from '../settings/kinds.js';
import { environmentName } from '../settings/setting.js';
import { tokenVariable } from '../settings/sources.js';
import { settingsTable } from '../settings/table.js';
import { UsageError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { refuseSurplus } from './line/arguments.js';
import type { Host } from './line/call.js';
import { failureJson, sayFailure, statusOf } from './line/failure.js';
import { parseCommandLine } from './line/parser.js';
import { type VerbDescription, verbs } from './line/verbs.js';
import { loadVerb } from './load-verb.js';
import { requireWorkingFolder } from './working-folder.js';

/** One call of the program: the command line in, a verb run, its status out. Never rejects. */
export async function main(args: readonly string[], host: Host): Promise<ExitStatus> {
  const { stdout, stderr } = host;
  const secrets = new Set([host.surroundings.environment[tokenVariable] ?? '']);
  const columns = Math.min(80, stdout.columns);
  let verb: VerbDescription | null = null;
  try {
    requireWorkingFolder();
    const parsed = parseCommandLine(args, columns);
    if (parsed.kind === 'shown') {
      stdout.write(parsed.text);
      return exitStatus.done;
    }
    verb = verbs[parsed.verb];
    refuseSurplus(parsed);
    const run = await loadVerb(parsed.verb);
    return await run({ ...parsed, host, secrets });
  } catch (error) {
    if (error instanceof UsageError && error.code === 'verb-missing') stderr.write(`${programHelp(columns)}\n`);
    sayFailure(stderr, error, secrets);
    if (error instanceof UsageError) stderr.write(helpHint(error));
    if (wantsJson(args, host)) stdout.write(failureJson(error, verb?.emptyResult ?? { jobs: [] }));
    return statusOf(error);
  }
}

function programHelp(columns: number): string {
  const parsed = parseCommandLine(['--help'], columns);
  return parsed.kind === 'shown' ? parsed.text : '';
}

/** Before the settings are read, and where they cannot be: a script that asked for JSON gets JSON. */
function wantsJson(args: readonly string[], { surroundings }: Host): boolean {
  if (args.includes('--no-json') || args.includes('--json=false')) return false;
  if (args.includes('--json') || args.includes('--json=true')) return true;
  const reading = flag.read(surroundings.environment[environmentName(settingsTable.json.name)] ?? '');
  return reading.kind === 'value' && reading.value;
}

function helpHint(error: UsageError): string {
  if (error.code === 'verb-unknown') return 'profile-drip --help shows the verbs.\n';
  const isAboutOptions =
    error.code === 'option-unknown' || error.code === 'command-line' || error.code.startsWith('argument-');
  return isAboutOptions ? 'profile-drip VERB --help shows the options of a verb.\n' : '';
}
