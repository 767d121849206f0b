import type { RunSummary } from '../job/terms/summary.js';
import { Nights } from '../nights/nights.js';
import { flag } from '../settings/kinds/kinds.js';
import { environmentName } from '../settings/kinds/setting.js';
import { tokenVariable } from '../settings/sources.js';
import { settingsTable } from '../settings/table.js';
import { UsageError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { refuseSurplus } from './line/arguments.js';
import type { Host } from './line/call.js';
import { errorObject, failureJson, sayFailure, statusOf } from './line/failure.js';
import { nightsHost } from './line/nights-host.js';
import { parseCommandLine } from './line/parser.js';
import { type VerbDescription, verbs } from './line/verbs.js';
import { loadVerb } from './load-verb.js';
import { requireWorkingFolder } from './parts/working-folder.js';

/** One call of the program: the command line in, a verb run, its status out. Never rejects. */
export async function main(args: readonly string[], host: Host): Promise<ExitStatus> {
  const nights = new Nights(nightsHost(host));
  const called = await callVerb(args, host, nights);
  await nights.finish(called.status, called.error, called.files);
  host.output.finish(called.status);
  return called.status;
}

/** How a call ended. */
interface Called {
  readonly status: ExitStatus;
  readonly error: RunSummary['error'];
  readonly files: readonly string[];
}

async function callVerb(args: readonly string[], host: Host, nights: Nights): Promise<Called> {
  const { stdout, stderr, surroundings } = host;
  const secrets = new Set([surroundings.environment[tokenVariable] ?? '']);
  const columns = Math.min(80, stdout.columns);
  let verb: VerbDescription | null = null;
  let files: readonly string[] = [];
  try {
    requireWorkingFolder();
    nights.tells(onEndOf(args[0], new Map(), host));
    const parsed = parseCommandLine(args, columns);
    if (parsed.kind === 'shown') {
      nights.tells(null);
      stdout.write(parsed.text);
      return { status: exitStatus.done, error: null, files };
    }
    nights.tells(onEndOf(parsed.verb, parsed.options, host));
    files = parsed.files;
    verb = verbs[parsed.verb];
    refuseSurplus(parsed);
    const run = await loadVerb(parsed.verb);
    const ran = await run({ ...parsed, host, nights, secrets });
    return typeof ran === 'number' ? { status: ran, error: null, files } : { ...ran, files };
  } catch (error) {
    if (error instanceof UsageError && error.code === 'verb-missing') stderr.write(`${programHelp(columns)}\n`);
    sayFailure(host, error, secrets);
    if (error instanceof UsageError && host.output.options.logFormat === 'text') stderr.write(helpHint(error));
    if (wantsJson(args, host)) stdout.write(failureJson(error, verb?.emptyResult ?? { jobs: [] }));
    return { status: statusOf(error), error: errorObject(error), files };
  }
}

/** Before the settings are read, and if they cannot be read: --on-end still hears of it. */
function onEndOf(
  verb: string | undefined,
  options: ReadonlyMap<string, string>,
  { surroundings }: Host,
): string | null {
  const { name, verbs: own } = settingsTable.onEnd;
  if (!own.some((one) => one === verb)) return null;
  return options.get(name) ?? surroundings.environment[environmentName(name)] ?? null;
}

function programHelp(columns: number): string {
  const parsed = parseCommandLine(['--help'], columns);
  return parsed.kind === 'shown' ? parsed.text : '';
}

/** Before the settings are read, and if they cannot be read: a script that asked for JSON gets JSON. */
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
