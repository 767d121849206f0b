import { sandboxAssumptions } from '../../sandbox/assumptions.js';
import type { Table } from '../../settings/kinds/setting.js';
import { sandboxTable } from '../../settings/sandbox.js';
import { settingsTable } from '../../settings/table.js';
import type { VerbName } from './call.js';

/** What the program can do, for help and for the parser. Nothing heavy is loaded here: load-verb.ts does that. */
export interface VerbDescription {
  /** After `profile-drip`, for help. */
  readonly usage: string;
  readonly summary: string;
  readonly table: Table;
  /** How many arguments it takes beside options; `max` null: any number. */
  readonly arguments: { readonly name: string; readonly min: number; readonly max: number | null };
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  readonly epilogue?: string;
  /** What `--json` says where the verb did not get to say anything. */
  readonly emptyResult: Readonly<Record<string, readonly never[]>>;
}

const commandLineOnly = Object.values(settingsTable)
  .filter((setting) => setting.isCommandLineOnly === true)
  .map(({ name }) => `--${name}`);

export const verbs: Readonly<Record<VerbName, VerbDescription>> = {
  send: {
    usage: 'send FILE...',
    summary: 'send the rows; resumes by itself what an earlier run left unfinished',
    table: settingsTable,
    arguments: { name: 'FILE', min: 1, max: null },
    examples: [
      ['profile-drip send --client-code acme loyalty.csv', 'send each row as its own update'],
      ['profile-drip send --sandbox loyalty.csv', 'try it all out without Target'],
    ],
    epilogue:
      'FILE is a path, or - for standard input (with --name). Each option is also read from the environment ' +
      '(PROFILE_DRIP_RATE=50) and from the file that --config names ({"rate": 50}), but for those that ' +
      `would strike again every night if they were forgotten there: ${commandLineOnly.join(', ')}.`,
    emptyResult: { jobs: [] },
  },
  check: {
    usage: 'check FILE...',
    summary: 'read all of a file and send nothing: what is wrong with it, and how long it would take',
    table: settingsTable,
    arguments: { name: 'FILE', min: 1, max: null },
    examples: [
      ['profile-drip check loyalty.csv', 'what would come of each row, without network or token'],
      ['profile-drip check --client-code acme --rate 50 loyalty.csv', 'the plan, with what is left of the cap'],
    ],
    epilogue:
      'Ends with 0 if every row would be sent or has nothing to send, with 1 if some would not, with 2 if a file ' +
      'cannot be read.',
    emptyResult: { files: [] },
  },
  status: {
    usage: 'status [FILE|DIR...]',
    summary: 'how each job stands, the cap used and left, and when more comes free',
    table: settingsTable,
    arguments: { name: 'FILE', min: 0, max: null },
    examples: [
      ['profile-drip status', 'the cap of each client code, with the last 24 hours'],
      ['profile-drip status loyalty.csv', 'and how the job on this file stands, with the command to resume it'],
      ['profile-drip status /srv/drop', 'every job in a folder, by day'],
    ],
    emptyResult: { ledgers: [], jobs: [], folders: [] },
  },
  report: {
    usage: 'report FILE|DIR',
    summary: 'one page on a job, finished or not (<name>.report.html), or on all jobs of a folder by day',
    table: settingsTable,
    arguments: { name: 'FILE or DIR', min: 1, max: 1 },
    examples: [
      ['profile-drip report loyalty.csv', 'the page on the job of this file'],
      ['profile-drip report loyalty.csv.sandbox.results.csv', 'on a job by its results: one sent to a sandbox'],
      ['profile-drip report /srv/drop --days 14', 'on all jobs of a drop folder, or of a folder with job files'],
    ],
    epilogue:
      'The page is one file that needs no network. The page on a job holds the ids of rows that were not sent, and no ' +
      'attribute values. That on a folder is DIR/profile-drip.report.html. The path of the page goes to standard output.',
    emptyResult: { reports: [] },
  },
  drop: {
    usage: 'drop DIR',
    summary: 'send the files that are dropped into a folder, in the order of their names',
    table: settingsTable,
    arguments: { name: 'DIR', min: 1, max: 1 },
    examples: [
      ['profile-drip drop /srv/drop --client-code acme', 'one pass over what has arrived, for cron'],
      ['profile-drip drop /srv/drop --watch --marker .done', 'stay, and take each file once FILE.done is there too'],
    ],
    epilogue:
      'A file that is done goes with its job files to DIR/archive/YYYY-MM-DD/, one that cannot be read to ' +
      'DIR/failed/ with a text that says why. One that was stopped stays; it is taken first the next time, and ' +
      'nothing after it is started. --match takes all words up to the next option: give DIR before it.',
    emptyResult: { jobs: [] },
  },
  serve: {
    usage: 'serve --dir DIR --port N',
    summary: 'a gateway that speaks the Bulk API: takes batches from jobs and sends their rows',
    table: settingsTable,
    arguments: { name: 'FILE', min: 0, max: 0 },
    examples: [
      ['profile-drip serve --dir /srv/batches --port 8098', 'for jobs on this machine'],
      [
        'curl --data-binary @batch.csv http://127.0.0.1:8098/m2/acme/v2/profile/batchUpdate',
        'what a job sends; the reply has the address of its status',
      ],
    ],
    epilogue:
      'A batch is on disk before the job is told that it was accepted; it is then sent as drop sends a file, from ' +
      'DIR/<client code>/. v2 creates no profiles here: updates of visitors that Target does not know are lost. A stop ends ' +
      "no gateway: that client code's batches rest, and new ones are accepted.",
    emptyResult: { jobs: [] },
  },
  state: {
    usage: 'state [copy|accept]',
    summary: 'what an administrator does with a state in PostgreSQL (--state-url)',
    table: settingsTable,
    arguments: { name: 'copy or accept', min: 0, max: 1 },
    examples: [
      ['profile-drip state copy --from DIR --to postgres://user@db/cap', 'move the ledgers of a folder there'],
      ['profile-drip state accept --used 5000 --state-url ...', 'use a restored database, with 5,000 more counted'],
    ],
    epilogue:
      'copy adds what a folder has counted, once; the folder is refused from then on. accept is for a database that ' +
      'was restored or failed over: --used says how many updates may be missing in it. They are counted in each ledger ' +
      '(updates, fetches of verify, Delivery requests), or in those of --kind alone.',
    emptyResult: {},
  },
  verify: {
    usage: 'verify FILE...',
    summary: 'read visitors back from Target and compare them with what was sent',
    table: settingsTable,
    arguments: { name: 'FILE', min: 1, max: null },
    examples: [
      ['profile-drip verify --client-code acme loyalty.csv', 'ask about 1,000 visitors of a job'],
      [
        'profile-drip verify --client-code acme --sample all --wait 3600 loyalty.csv',
        'about all, for an hour if need be',
      ],
    ],
    epilogue:
      'Give the same options as for send. Ends with 0 if nothing is pending and all is as it should be, within ' +
      '--tolerate; with 1 otherwise. An update shows within an hour as a rule, within 24 at most.',
    emptyResult: { files: [] },
  },
  sandbox: {
    usage: 'sandbox',
    summary: 'a local stand-in for Target, to try things on',
    table: sandboxTable,
    arguments: { name: 'FILE', min: 0, max: 0 },
    examples: [
      ['profile-drip sandbox --port 8099', 'then: profile-drip send --endpoint http://127.0.0.1:8099 ...'],
      ['profile-drip sandbox --cap 1000 --error-rate 0.05', 'with a small cap and faults now and then'],
    ],
    epilogue: ['Where nothing is documented, this is assumed:', ...sandboxAssumptions.map((line) => `- ${line}`)].join(
      '\n',
    ),
    emptyResult: {},
  },
  help: {
    usage: 'help [TOPIC]',
    summary: 'the manual: without TOPIC the list of its topics',
    table: {},
    arguments: { name: 'TOPIC', min: 0, max: 1 },
    examples: [
      ['profile-drip help', 'the list of topics'],
      ['profile-drip help cap', 'what counts against the cap, and when units come free'],
    ],
    emptyResult: {},
  },
};

export const verbNames: readonly VerbName[] = Object.keys(verbs).filter(isVerbName);

export function isVerbName(name: string): name is VerbName {
  return Object.hasOwn(verbs, name);
}
