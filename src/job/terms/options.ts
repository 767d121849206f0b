import type { RowResult } from '../results/result.js';
import type { SendEvent } from './events.js';

/** A number of rows, or a share of the rows that have ended (0 to 1). */
export type RowLimit =
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'share'; readonly share: number };

/**
 * What `send` does, as the library takes it: the command line's options in camelCase, units in the names.
 * The settings table (settings/table.ts) says each one's default and range; `sendBatch` fills in the defaults.
 */
export interface SendOptions {
  /** Target's client code. */
  readonly clientCode: string;
  /** Origin to send to; `null`: `https://<clientCode>.tt.omtrdc.net`. */
  readonly endpoint: string | null;
  /** `http:` to an address that is not loopback. */
  readonly allowHttp: boolean;
  /** A sandbox inside this process: the ledger is kept in memory, the job files are `<name>.sandbox.*`. */
  readonly sandbox: boolean;
  /** Path of a file with the profile token, or `null`. */
  readonly tokenFile: string | null;
  /** The profile token itself (from the environment, or a library caller), or `null`. */
  readonly token: string | null;
  readonly method: 'post' | 'get' | 'post-query';
  readonly values: 'encoded' | 'raw';
  /** `null`: space in values, and invalid in ids. */
  readonly plus: 'space' | 'literal' | null;
  /** One character; `auto`: what the header and the first rows are cut at. */
  readonly delimiter: string;
  /** What FILE is encoded in; a byte order mark in it stands over this. */
  readonly encoding: 'utf-8' | 'windows-1252' | 'iso-8859-1' | 'utf-16';
  readonly idColumn: string | null;
  readonly idType: 'pcId' | 'thirdPartyId' | null;
  /** Names of the only attributes that are sent; `null`: all. As in the header. */
  readonly only: readonly string[] | null;
  /** Names of columns that are not sent. As in the header. */
  readonly skip: readonly string[] | null;
  /** `OLD=NEW`: the column OLD is sent as NEW. */
  readonly rename: readonly string[] | null;
  /** Words that stand for no value; compared after `trim`. */
  readonly nullWords: readonly string[] | null;
  /** Takes blanks and invisible characters off both ends of ids and values. */
  readonly trim: boolean;
  /** 1 to 1,024. */
  readonly concurrency: number;
  /** Tries a second; 0: no limit. */
  readonly ratePerSecond: number;
  readonly dailyCap: number;
  readonly reserve: number;
  readonly pace: 'burst' | 'spread';
  readonly onCap: 'wait' | 'stop';
  readonly retries: number;
  readonly timeoutMs: number;
  readonly giveUpMs: number;
  readonly maxDurationMs: number | null;
  readonly maxFailures: RowLimit | null;
  readonly tolerate: RowLimit;
  readonly graceMs: number;
  readonly changedOnly: boolean;
  readonly refreshAfterDays: number;
  readonly forget: boolean;
  readonly restart: boolean;
  /** Sends rejects although a later job of their FILE has begun. */
  readonly allowOutdated: boolean;
  /** Rows that may end submitted, refused or failed in one call, over all FILEs; `null`: no limit. */
  readonly limit: number | null;
  readonly onChanged: 'refuse' | 'supersede';
  /** Folder for the job's files; `null`: beside FILE. */
  readonly out: string | null;
  /** Stem of the job's files; `null`: FILE's whole name. */
  readonly name: string | null;
  readonly stateDir: string;
  /** PostgreSQL, in place of the folder; `null`: the folder. */
  readonly stateUrl: string | null;
  /** With `stateUrl`: the secret of the memory's hashes, in place of one that the database keeps. */
  readonly memoryKeyFile: string | null;
}

/** What a caller of one run hands in beside the options. */
export interface SendHooks {
  /** Stops the run: no further try starts, what is under way gets `graceMs`. The reason may be a signal's name. */
  readonly signal?: AbortSignal;
  /** Called for each row as it ends, in the order of the results. */
  readonly onRow?: (row: RowResult) => void;
  /** What a person watching would want to know. */
  readonly onEvent?: (event: SendEvent) => void;
}
