import type { RowLimit, SendOptions } from '../job/terms/options.js';
import { completeSettings } from '../settings/library.js';
import type { Settings } from '../settings/table.js';
import { UsageError } from '../terms/errors.js';
import type { Sample, VerifyOptions } from '../verify/terms.js';
import type { CheckBatchHooks, SendBatchHooks, VerifyBatchHooks } from './hooks.js';
import type { SourceFound } from './source.js';

/** What the library's functions take beside their source. */

/** Rows (20), a share of the rows that have ended ('1%'), or the same as an object. */
export type RowLimitOption = RowLimit | number | `${number}%`;

/** Visitors (1000), a share of them ('5%'), 'all', or the same as an object. */
export type SampleOption = Sample | number | `${number}%` | 'all';

/**
 * The command line's options in camelCase, with their defaults: durations in milliseconds (`timeoutMs`). No config file is
 * read, and of the environment XDG_STATE_HOME alone, for `stateDir`. `undefined` is as if not given.
 */
export type BatchOptions = {
  readonly [Key in keyof Omit<SendOptions, 'token'>]?: OptionOf<Key> | undefined;
};

type OptionOf<Key extends keyof SendOptions> = Key extends 'tolerate' | 'maxFailures'
  ? SendOptions[Key] | RowLimitOption
  : Key extends 'clientCode'
    ? string | null
    : SendOptions[Key];

/** Where a token is needed: it is looked at before anything is sent. */
export interface TokenOption {
  /** The profile token itself; or name a file with `tokenFile`. Default: none. */
  readonly token?: string | null | undefined;
}

/** What `sendBatch` takes beside its source. */
export type SendBatchOptions = BatchOptions & TokenOption & SendBatchHooks;

/** What `checkBatch` takes beside its source. The options of a send may all be given, so that one object serves both. */
export type CheckBatchOptions = BatchOptions & TokenOption & CheckBatchHooks;

/** What `verifyBatch` takes beside its paths. Give it the options of the send: it looks for the same job. */
export type VerifyBatchOptions = Omit<BatchOptions, 'ratePerSecond' | 'concurrency' | 'tolerate'> &
  TokenOption &
  VerifyBatchHooks & {
    /** Attempts a second at most, evenly spaced, 0 to 100,000; 0: no limit. Default: `20`. */
    readonly ratePerSecond?: number | undefined;
    /** Requests in flight at once, 1 to 1,024. Default: `8`. */
    readonly concurrency?: number | undefined;
    /** Visitors not found, different or unreadable that still end with status 0: `20`, or `'1%'`. Default: `0`. */
    readonly tolerate?: RowLimitOption | undefined;
    /** Which visitors are asked about, the same ones each time: `1000`, `'5%'` or `'all'`. Default: `1000`. */
    readonly sample?: SampleOption | undefined;
    /** Milliseconds for which visitors that are `pending` are asked about again, 0 to 604,800,000. Default: `0`. */
    readonly waitMs?: number | undefined;
  };

/** Settings of the program alone. A new one is an error here until it is said whether the library takes it. */
const ofTheProgram: Readonly<Record<Exclude<keyof Settings, keyof VerifyOptions>, true>> = {
  authFile: true,
  clientCodes: true,
  config: true,
  days: true,
  dir: true,
  dryRun: true,
  from: true,
  host: true,
  json: true,
  keepDays: true,
  kind: true,
  listenHttp: true,
  logFormat: true,
  marker: true,
  match: true,
  maxBodyBytes: true,
  metricsFile: true,
  onEnd: true,
  port: true,
  printConfig: true,
  printSql: true,
  progress: true,
  publicUrl: true,
  quiet: true,
  settleMs: true,
  showValues: true,
  stateUrlFile: true,
  to: true,
  tokenFiles: true,
  used: true,
  watch: true,
};

type Call = 'sendBatch' | 'checkBatch' | 'verifyBatch';

/** What one function alone takes. Each takes its own hooks out before it asks for settings. */
const ofOneCall: ReadonlyMap<string, Call> = new Map([
  ['sample', 'verifyBatch'],
  ['waitMs', 'verifyBatch'],
  ['onVerdict', 'verifyBatch'],
  ['onRow', 'sendBatch'],
  ['onFirstRequest', 'checkBatch'],
]);

/** @throws UsageError `option-unknown`, and what the command line's options are refused for. */
export function settingsFor(
  call: Call,
  options: object,
  token: string | null,
  surroundings: Parameters<typeof completeSettings>[2],
): Settings {
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (Object.hasOwn(ofTheProgram, key)) {
      throw new UsageError('option-unknown', `${key} is an option of the program, and not of ${call}: leave it out`);
    }
    const other = ofOneCall.get(key) ?? call;
    if (other !== call) {
      throw new UsageError('option-unknown', `${key} is an option of ${other}, and not of ${call}: leave it out`);
    }
  }
  return completeSettings(options, token, surroundings, call === 'verifyBatch' ? 'verify' : 'send');
}

/** Records are written as CSV by this program: how it is to be read is not the caller's matter. */
export function readingOptions({ isRecords }: SourceFound, options: BatchOptions): BatchOptions {
  if (!isRecords) return options;
  for (const key of ['values', 'plus', 'delimiter', 'encoding', 'idColumn'] as const) {
    if (options[key] === undefined || options[key] === null) continue;
    const message = `${key} says how a CSV file is read, and records are not a file: leave it out`;
    throw new UsageError('option-contradiction', message);
  }
  return { ...options, values: 'raw' };
}
