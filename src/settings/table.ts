import { isAbsolute, join } from 'node:path';
import { UsageError } from '../terms/errors.js';
import { globs, markerSuffix } from './kinds/drop-kinds.js';
import * as kinds from './kinds/kinds.js';
import { type Surroundings, setting, type ValuesOf, type Verb } from './kinds/setting.js';
import { sampleKind } from './kinds/verify-kinds.js';
import { serveTable } from './serve.js';

/**
 * THE table of settings: the command line's options, `PROFILE_DRIP_*`, the config file's keys, `--print-config` and the
 * manual's list are all read from it. The keys on the left are the library's names (`SendOptions`). Two rows may have one
 * name where no verb has both: `--client-code` is one code for `send`, and a list for `serve`.
 */

const sending: readonly Verb[] = ['send', 'drop'];
const calling: readonly Verb[] = ['send', 'drop', 'verify'];
const opening: readonly Verb[] = ['send', 'drop', 'check', 'verify'];
const reading: readonly Verb[] = ['send', 'drop', 'check'];
const all: readonly Verb[] = ['send', 'drop', 'serve', 'check', 'status', 'report', 'verify'];
/** The same, and the gateway's, whose batches have one form and whose client codes have tokens of their own. */
const sendingAndServe: readonly Verb[] = [...sending, 'serve'];
const callingAndServe: readonly Verb[] = [...calling, 'serve'];
const readingAndServe: readonly Verb[] = [...reading, 'serve'];
const openingAndServe: readonly Verb[] = [...opening, 'serve'];
const withState: readonly Verb[] = ['send', 'drop', 'serve', 'check', 'status', 'verify'];
/** Of a browser: for a robot's, and for a program's own, Target stores nothing. */
const browserUserAgent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
/** `state` says with --from and --to where it reads and writes. */
const atState: readonly Verb[] = [...withState, 'state'];

/** Adobe's documentation: 1,000,000 updates in any rolling 24 hours. */
export const defaultDailyCap = 1_000_000;
export const defaultRatePerSecond = 100;

/** The XDG base directory specification: a relative path there is invalid and is passed over. */
function defaultStateDir({ environment, homeDir }: Surroundings): string {
  const stateHome = environment.XDG_STATE_HOME;
  if (stateHome !== undefined && isAbsolute(stateHome)) return join(stateHome, 'profile-drip');
  if (homeDir !== null) return join(homeDir, '.local', 'state', 'profile-drip');
  const message =
    '--state-dir: expected a folder that is kept between runs; this user has no home folder to make it in';
  throw new UsageError('state-dir-missing', message);
}

export const settingsTable = {
  clientCode: setting({
    name: 'client-code',
    alias: 'c',
    group: 'target',
    verbs: [...opening, 'state'],
    kind: kinds.clientCode,
    help: "Target's client code; needed, but for --sandbox",
    default: null,
  }),
  endpoint: setting({
    name: 'endpoint',
    group: 'target',
    verbs: openingAndServe,
    kind: kinds.origin,
    help: 'another origin to send to: a proxy, a test server',
    default: null,
    defaultText: 'https://<client>.tt.omtrdc.net',
  }),
  allowHttp: setting({
    name: 'allow-http',
    group: 'target',
    verbs: callingAndServe,
    kind: kinds.flag,
    help: 'http: to an address that is not loopback: ids and values go out unencrypted',
    default: false,
    isCommandLineOnly: true,
  }),
  sandbox: setting({
    name: 'sandbox',
    group: 'target',
    verbs: sendingAndServe,
    kind: kinds.flag,
    help: 'start a sandbox inside this process and send to it; job files are <name>.sandbox.*',
    default: false,
    isCommandLineOnly: true,
  }),
  tokenFile: setting({
    name: 'token-file',
    group: 'target',
    verbs: calling,
    kind: kinds.secretPath,
    help: 'a file with the profile token; or PROFILE_DRIP_TOKEN in the environment',
    default: null,
  }),
  method: setting({
    name: 'method',
    group: 'target',
    verbs: readingAndServe,
    kind: kinds.choice('post', 'get', 'post-query'),
    help: 'POST takes 60 KB a request; GET, and POST with all in the query, take 8 KB',
    default: 'post',
  }),

  values: setting({
    name: 'values',
    group: 'file',
    verbs: openingAndServe,
    kind: kinds.choice('encoded', 'raw'),
    help: 'whether names and values in the file are URL-encoded already; raw decodes nothing',
    default: 'encoded',
  }),
  plus: setting({
    name: 'plus',
    group: 'file',
    verbs: openingAndServe,
    kind: kinds.choice('space', 'literal'),
    help: 'what + means in an encoded cell; until it is given, a + in an id is invalid',
    default: null,
    defaultText: 'space in values',
  }),
  delimiter: setting({
    name: 'delimiter',
    group: 'file',
    verbs: opening,
    kind: kinds.delimiter,
    help: 'the character between cells (tab for a tab); auto: what the header and the first rows are cut at',
    default: ',',
  }),
  encoding: setting({
    name: 'encoding',
    group: 'file',
    verbs: opening,
    kind: kinds.choice('utf-8', 'windows-1252', 'iso-8859-1', 'utf-16'),
    help: 'what the file is encoded in; a byte order mark in it stands over this',
    default: 'utf-8',
  }),
  idColumn: setting({
    name: 'id-column',
    group: 'file',
    verbs: opening,
    kind: kinds.text('the name of a column'),
    help: 'the column with the id, for a CSV that is not in the bulk form',
    default: null,
    defaultText: 'the first',
  }),
  idType: setting({
    name: 'id-type',
    group: 'file',
    verbs: opening,
    kind: kinds.choice('pcId', 'thirdPartyId'),
    help: 'what kind of id it is',
    default: null,
    defaultText: "as the column's name says",
  }),
  only: setting({
    name: 'only',
    group: 'file',
    verbs: opening,
    kind: kinds.columnNames,
    help: 'send this attribute and no others; may be repeated',
    default: null,
    defaultText: 'all',
  }),
  skip: setting({
    name: 'skip',
    group: 'file',
    verbs: opening,
    kind: kinds.columnNames,
    help: 'do not send this column; may be repeated',
    default: null,
  }),
  rename: setting({
    name: 'rename',
    group: 'file',
    verbs: opening,
    kind: kinds.renames,
    help: 'OLD=NEW: send the column OLD as NEW; may be repeated',
    default: null,
  }),
  nullWords: setting({
    name: 'null',
    group: 'file',
    verbs: opening,
    kind: kinds.words,
    help: 'a word that stands for no value (NULL); may be repeated',
    default: null,
  }),
  trim: setting({
    name: 'trim',
    group: 'file',
    verbs: opening,
    kind: kinds.flag,
    help: 'take blanks and invisible characters off both ends of ids and values',
    default: false,
  }),

  concurrency: setting({
    name: 'concurrency',
    group: 'pace',
    verbs: callingAndServe,
    kind: kinds.wholeNumber('requests at once', 1, 1024),
    help: 'requests in flight at once',
    default: 32,
    defaultFor: { verify: 8 },
    defaultText: '32 (verify: 8)',
  }),
  ratePerSecond: setting({
    name: 'rate',
    group: 'pace',
    verbs: openingAndServe,
    kind: kinds.decimalNumber('attempts a second', 0, 100_000),
    help: 'attempts a second at most, evenly spaced; 0: no limit',
    default: defaultRatePerSecond,
    defaultFor: { verify: 20 },
    defaultText: '100 (verify: 20)',
  }),
  dailyCap: setting({
    name: 'daily-cap',
    group: 'pace',
    verbs: readingAndServe,
    kind: kinds.wholeNumber('updates', 1, 1_000_000_000),
    help: 'updates in any rolling 24 hours, over all runs',
    default: defaultDailyCap,
  }),
  reserve: setting({
    name: 'reserve',
    group: 'pace',
    verbs: readingAndServe,
    kind: kinds.wholeNumber('updates', 0, 1_000_000_000),
    help: 'leave this many updates of the cap for others',
    default: 0,
  }),
  pace: setting({
    name: 'pace',
    group: 'pace',
    verbs: readingAndServe,
    kind: kinds.choice('burst', 'spread'),
    help: 'use the cap as it comes free, or evenly over the 24 hours',
    default: 'burst',
  }),
  onCap: setting({
    name: 'on-cap',
    group: 'pace',
    verbs: readingAndServe,
    kind: kinds.choice('wait', 'stop', 'delivery'),
    help: 'when the cap is used up: wait for units to come free, stop (status 4), or use the Delivery API',
    default: 'wait',
  }),

  route: setting({
    name: 'route',
    group: 'delivery',
    verbs: readingAndServe,
    kind: kinds.choice('update', 'delivery'),
    help: 'single updates, or the Delivery API, which also creates visitors (profile-drip help delivery)',
    default: 'update',
  }),
  deliveryCap: setting({
    name: 'delivery-cap',
    group: 'delivery',
    verbs: readingAndServe,
    kind: kinds.wholeNumber('requests', 1, 1_000_000_000),
    help: 'Delivery requests in any rolling 24 hours, over all runs; they may be billed, so there is no default',
    default: null,
  }),
  deliveryHost: setting({
    name: 'delivery-host',
    group: 'delivery',
    verbs: readingAndServe,
    kind: kinds.hostName,
    help: 'the host name in the context of a Delivery request, for accounts with a list of authorized hosts',
    default: null,
  }),
  deliveryMbox: setting({
    name: 'delivery-mbox',
    group: 'delivery',
    verbs: readingAndServe,
    kind: kinds.mboxName,
    help: 'the mbox that Delivery notifications name',
    default: 'profile-drip',
  }),
  deliveryProperty: setting({
    name: 'delivery-property',
    group: 'delivery',
    verbs: readingAndServe,
    kind: kinds.text('a property token'),
    help: 'the token of the property that Delivery requests belong to',
    default: null,
  }),
  deliveryUserAgent: setting({
    name: 'delivery-user-agent',
    group: 'delivery',
    verbs: readingAndServe,
    kind: kinds.text("a browser's user agent"),
    help: 'the user agent in the context of a Delivery request: Target stores nothing for a robot',
    default: browserUserAgent,
    defaultText: "a common browser's",
  }),

  retries: setting({
    name: 'retries',
    group: 'trouble',
    verbs: callingAndServe,
    kind: kinds.wholeNumber('tries', 0, 100),
    help: 'further attempts of one row',
    default: 5,
  }),
  timeoutMs: setting({
    name: 'timeout',
    group: 'trouble',
    verbs: callingAndServe,
    kind: kinds.seconds(0.1, 600),
    help: 'seconds for one request, from its start to the end of the reply',
    default: 30_000,
  }),
  giveUpMs: setting({
    name: 'give-up',
    group: 'trouble',
    verbs: callingAndServe,
    kind: kinds.seconds(0, 604_800),
    help: 'seconds that an outage may last before the run stops (status 3)',
    default: 1_800_000,
  }),
  maxDurationMs: setting({
    name: 'max-duration',
    group: 'trouble',
    verbs: calling,
    kind: kinds.seconds(0.001, 31_536_000),
    help: 'seconds after which the run stops, resumably (status 7)',
    default: null,
  }),
  maxFailures: setting({
    name: 'max-failures',
    group: 'trouble',
    verbs: sendingAndServe,
    kind: kinds.rowLimit,
    help: 'stop (status 5) when more rows than this, or than this share (5%), did not go through in this run',
    default: null,
  }),
  tolerate: setting({
    name: 'tolerate',
    group: 'trouble',
    verbs: openingAndServe,
    kind: kinds.rowLimit,
    help: 'up to this many such rows, or this share (5%), in the whole job still end with status 0',
    default: { kind: 'rows', rows: 0 },
  }),
  graceMs: setting({
    name: 'grace',
    group: 'trouble',
    verbs: callingAndServe,
    kind: kinds.seconds(0, 3600),
    help: 'seconds that requests in flight may take after a signal',
    default: 5000,
  }),

  changedOnly: setting({
    name: 'changed-only',
    group: 'changed',
    verbs: readingAndServe,
    kind: kinds.flag,
    help: 'send a row only where it differs from what was last submitted for that visitor',
    default: false,
  }),
  refreshAfterDays: setting({
    name: 'refresh-after',
    group: 'changed',
    verbs: readingAndServe,
    kind: kinds.decimalNumber('days', 0, 3650),
    help: 'days after which an unchanged row is sent again',
    default: 7,
  }),
  memoryKeyFile: setting({
    name: 'memory-key-file',
    group: 'changed',
    verbs: reading,
    kind: kinds.secretPath,
    help: 'with --state-url: a file with the secret of the memory (32 bytes); else the database keeps one',
    default: null,
  }),
  forget: setting({
    name: 'forget',
    group: 'changed',
    verbs: sending,
    kind: kinds.flag,
    help: 'discard the memory of what was submitted before',
    default: false,
    isCommandLineOnly: true,
  }),

  match: setting({
    name: 'match',
    group: 'drop',
    verbs: ['drop'],
    kind: globs,
    help: 'the names of the files that are taken, as patterns',
    default: ['*.csv', '*.csv.gz'],
    defaultText: "'*.csv' '*.csv.gz'",
  }),
  marker: setting({
    name: 'marker',
    group: 'drop',
    verbs: ['drop'],
    kind: markerSuffix,
    help: 'a file has arrived when a second one is there, its name with this behind it (.done), and only then',
    default: null,
  }),
  settleMs: setting({
    name: 'settle',
    group: 'drop',
    verbs: ['drop'],
    kind: kinds.seconds(0, 86_400),
    help: 'without --marker: seconds for which a file must have stood still',
    default: 60_000,
  }),
  watch: setting({
    name: 'watch',
    group: 'drop',
    verbs: ['drop'],
    kind: kinds.flag,
    help: 'stay, and take what arrives, until a signal ends it or a file is stopped',
    default: false,
  }),

  ...serveTable,

  sample: setting({
    name: 'sample',
    group: 'verify',
    verbs: ['verify'],
    kind: sampleKind,
    help: 'how many visitors are asked about; the same ones each time',
    default: { kind: 'visitors', visitors: 1000 },
  }),
  waitMs: setting({
    name: 'wait',
    group: 'verify',
    verbs: ['verify'],
    kind: kinds.seconds(0, 604_800),
    help: 'seconds for which visitors that are not there yet are asked again',
    default: 0,
  }),

  restart: setting({
    name: 'restart',
    group: 'job',
    verbs: ['send'],
    kind: kinds.flag,
    help: "begin again; the earlier job's files are kept, renamed",
    default: false,
    isCommandLineOnly: true,
  }),
  allowOutdated: setting({
    name: 'allow-outdated',
    group: 'job',
    verbs: ['send'],
    kind: kinds.flag,
    help: 'send rejects although a later job of their FILE has started',
    default: false,
    isCommandLineOnly: true,
  }),
  limit: setting({
    name: 'limit',
    group: 'job',
    verbs: ['send'],
    kind: kinds.wholeNumber('rows', 1, 1_000_000_000),
    help: 'send at most this many rows in this call, over all FILEs, then stop (status 7); given again, as many more',
    default: null,
    isCommandLineOnly: true,
  }),
  onChanged: setting({
    name: 'on-changed',
    group: 'job',
    verbs: sending,
    kind: kinds.choice('refuse', 'supersede'),
    help: 'FILE has changed in the middle of its job: refuse, or close the job and begin with the new content',
    default: 'refuse',
  }),
  out: setting({
    name: 'out',
    group: 'job',
    verbs: ['send', 'status', 'report', 'verify'],
    kind: kinds.path,
    help: "a folder for the job's files",
    default: null,
    defaultText: 'beside FILE',
  }),
  name: setting({
    name: 'name',
    group: 'job',
    verbs: ['send', 'status', 'report', 'verify'],
    kind: kinds.stem,
    help: "the stem of the job's files; needed for -",
    default: null,
    defaultText: "FILE's whole name",
  }),
  onEnd: setting({
    name: 'on-end',
    group: 'job',
    verbs: sendingAndServe,
    kind: kinds.shellText,
    help: 'a command for sh -c after each job, the summary on its standard input',
    default: null,
  }),
  metricsFile: setting({
    name: 'metrics-file',
    group: 'job',
    verbs: sendingAndServe,
    kind: kinds.path,
    help: "metrics as Prometheus text, for node_exporter's textfile collector",
    default: null,
  }),
  keepDays: setting({
    name: 'keep',
    group: 'job',
    verbs: sendingAndServe,
    kind: kinds.wholeNumber('days', 1, 3650),
    help: 'remove files of finished jobs (archive, renamed earlier jobs) that ended longer ago',
    default: null,
    defaultText: 'forever',
  }),
  days: setting({
    name: 'days',
    group: 'people',
    verbs: ['status', 'report'],
    kind: kinds.wholeNumber('days', 1, 3650),
    help: 'of a DIR: how many days back; what is not done is always shown',
    default: 7,
  }),
  stateDir: setting({
    name: 'state-dir',
    group: 'job',
    verbs: all,
    kind: kinds.path,
    help: "a folder for the cap's ledger and the memory of --changed-only",
    default: defaultStateDir,
    defaultText: '$XDG_STATE_HOME/profile-drip or ~/.local/state/profile-drip',
  }),
  stateUrl: setting({
    name: 'state-url',
    group: 'job',
    verbs: atState,
    kind: kinds.stateUrl,
    help: 'PostgreSQL in place of --state-dir: one cap over many machines (postgres://USER@HOST/DATABASE)',
    default: null,
  }),
  stateUrlFile: setting({
    name: 'state-url-file',
    group: 'job',
    verbs: atState,
    kind: kinds.secretPath,
    help: 'a file with that URL, which may hold a password',
    default: null,
  }),
  printSql: setting({
    name: 'print-sql',
    group: 'state',
    verbs: ['state'],
    kind: kinds.flag,
    help: 'the SQL that creates the tables, for an administrator; no database is connected',
    default: false,
    isCommandLineOnly: true,
  }),
  from: setting({
    name: 'from',
    group: 'state',
    verbs: ['state'],
    kind: kinds.path,
    help: 'copy: the folder whose ledgers are added to those in the database; it is not used any more then',
    default: null,
    isCommandLineOnly: true,
  }),
  to: setting({
    name: 'to',
    group: 'state',
    verbs: ['state'],
    kind: kinds.stateUrl,
    help: 'copy: the database; else what --state-url says',
    default: null,
    isCommandLineOnly: true,
  }),
  used: setting({
    name: 'used',
    group: 'state',
    verbs: ['state'],
    kind: kinds.wholeNumber('updates', 0, 1_000_000_000),
    help: 'accept: how many updates of the last 24 hours the restored state may have missed',
    default: null,
    isCommandLineOnly: true,
  }),
  config: setting({
    name: 'config',
    group: 'job',
    verbs: all,
    kind: kinds.path,
    help: 'a JSON file with settings, keys as the options are named',
    default: null,
  }),

  dryRun: setting({
    name: 'dry-run',
    group: 'people',
    verbs: ['send'],
    kind: kinds.flag,
    help: 'check the file, show the first requests, send nothing',
    default: false,
    isCommandLineOnly: true,
  }),
  showValues: setting({
    name: 'show-values',
    group: 'people',
    verbs: ['send'],
    kind: kinds.flag,
    help: 'with --dry-run: show the ids and values too',
    default: false,
    isCommandLineOnly: true,
  }),
  printConfig: setting({
    name: 'print-config',
    group: 'people',
    verbs: all,
    kind: kinds.flag,
    help: 'each setting and where it came from, and nothing else',
    default: false,
    isCommandLineOnly: true,
  }),
  progress: setting({
    name: 'progress',
    group: 'people',
    verbs: openingAndServe,
    kind: kinds.choice('auto', 'bar', 'log', 'none'),
    help: 'a bar on a terminal, else a line now and then; on standard error',
    default: 'auto',
  }),
  quiet: setting({
    name: 'quiet',
    alias: 'q',
    group: 'people',
    verbs: readingAndServe,
    kind: kinds.flag,
    help: 'print nothing at status 0 and 75, and everything at any other; with --watch and serve warnings and errors alone',
    default: false,
  }),
  logFormat: setting({
    name: 'log-format',
    group: 'people',
    verbs: readingAndServe,
    kind: kinds.choice('text', 'json'),
    help: 'json: each line on standard error is one JSON object',
    default: 'text',
  }),
  json: setting({
    name: 'json',
    group: 'people',
    verbs: all,
    kind: kinds.flag,
    help: 'the result as one JSON object on standard output, and nothing else there; with --watch and serve one line for each file',
    default: false,
  }),
} as const;

/** All settings by the library's names. A verb that has no option for a setting gets its default. */
export type Settings = ValuesOf<typeof settingsTable>;
