import type { RouteName } from '../../terms/outcome.js';
import type { RowResult } from '../results/result.js';
import type { SendEvent } from './events.js';

/** A number of rows, or a share of the rows that have ended (0 to 1). */
export type RowLimit =
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'share'; readonly share: number };

/**
 * What `send` does, as the library takes it: the command line's options in camelCase, units in the names.
 * The settings table (settings/table.ts) is where defaults and ranges come from. They are repeated here because an editor
 * shows these comments, and TypeScript cannot make a comment; test/settings/docstrings.test.ts holds the two together.
 */
export interface SendOptions {
  /** Target's client code: letters, digits, - and _, up to 63. Needed, except with `sandbox`. */
  readonly clientCode: string;
  /** Origin to send to (`https://host`). Default: `null`, which is `https://<clientCode>.tt.omtrdc.net`. */
  readonly endpoint: string | null;
  /** Permits `http:` to an address that is not loopback: ids and values leave unencrypted. Default: `false`. */
  readonly allowHttp: boolean;
  /** A sandbox inside this process: the ledger is kept in memory, the job files are `<name>.sandbox.*`. Default: `false`. */
  readonly sandbox: boolean;
  /** Path of a file with the profile token. Default: `null`, no token. */
  readonly tokenFile: string | null;
  /** The profile token itself (from the environment, or a library caller), or `null`. */
  readonly token: string | null;
  /** POST takes 60 KB a request; GET, and POST with all in the query, take 8 KB. Default: `'post'`. */
  readonly method: 'post' | 'get' | 'post-query';
  /** Whether names and values in FILE are URL-encoded already; `'raw'` decodes nothing. Default: `'encoded'`. */
  readonly values: 'encoded' | 'raw';
  /** What + means in an encoded cell. Default: `null`, which is a space in values, and invalid in ids. */
  readonly plus: 'space' | 'literal' | null;
  /** One character; `'auto'`: what the header and the first rows are cut at. Default: `','`. */
  readonly delimiter: string;
  /** What FILE is encoded in; a byte order mark in it stands over this. Default: `'utf-8'`. */
  readonly encoding: 'utf-8' | 'windows-1252' | 'iso-8859-1' | 'utf-16';
  /** Name of the column with the id. Default: `null`, which is the first column. */
  readonly idColumn: string | null;
  /** What kind of id it is. Default: `null`, which is what the column's name says. */
  readonly idType: 'pcId' | 'thirdPartyId' | null;
  /** Names of the only attributes that are sent, as in the header. Default: `null`, which is all. */
  readonly only: readonly string[] | null;
  /** Names of columns that are not sent, as in the header. Default: `null`, which is none. */
  readonly skip: readonly string[] | null;
  /** `OLD=NEW`: the column OLD is sent as NEW. Default: `null`, which is none. */
  readonly rename: readonly string[] | null;
  /** Words that stand for no value; compared after `trim`. Default: `null`, which is none. */
  readonly nullWords: readonly string[] | null;
  /** Takes blanks and invisible characters off both ends of ids and values. Default: `false`. */
  readonly trim: boolean;
  /** Requests in flight at once, 1 to 1,024. Default: `32`. */
  readonly concurrency: number;
  /** Attempts a second at most, evenly spaced, 0 to 100,000; 0: no limit. Default: `100`. */
  readonly ratePerSecond: number;
  /** Updates in any rolling 24 hours, over all runs, 1 to 1,000,000,000. Default: `1000000`. */
  readonly dailyCap: number;
  /** Updates of the cap that are left for others, 0 to 1,000,000,000, less than `dailyCap`. Default: `0`. */
  readonly reserve: number;
  /** `'burst'`: uses the cap as it comes free; `'spread'`: evenly over the 24 hours. Default: `'burst'`. */
  readonly pace: 'burst' | 'spread';
  /** If the cap is used up: wait for units to come free, stop (status 4), or send by the Delivery API. Default: `'wait'`. */
  readonly onCap: 'wait' | 'stop' | 'delivery';
  /** Single updates, or Adobe's Delivery API, which also creates visitors. Default: `'update'`. */
  readonly route: RouteName;
  /** Delivery requests in any rolling 24 hours, 1 to 1,000,000,000. Needed where any may be sent. Default: `null`. */
  readonly deliveryCap: number | null;
  /** The host name in a Delivery request's context, for accounts with a list of authorized hosts. Default: `null`: none. */
  readonly deliveryHost: string | null;
  /** The mbox that Delivery notifications name. Default: `'profile-drip'`. */
  readonly deliveryMbox: string;
  /** The token of the property that Delivery requests belong to. Default: `null`: none. */
  readonly deliveryProperty: string | null;
  /** The user agent in a Delivery request's context. Target stores nothing for a robot. Default: a common browser's. */
  readonly deliveryUserAgent: string;
  /** Further attempts of one row, 0 to 100. Default: `5`. */
  readonly retries: number;
  /** Milliseconds for one request, from its start to the end of the reply, 100 to 600,000. Default: `30000`. */
  readonly timeoutMs: number;
  /** Milliseconds that an outage may last before the run stops (status 3), 0 to 604,800,000. Default: `1800000`. */
  readonly giveUpMs: number;
  /** Milliseconds after which the run stops, resumably (status 7), 1 to 31,536,000,000. Default: `null`, no limit. */
  readonly maxDurationMs: number | null;
  /** Rows that may not go through in this run; more stop it (status 5): `20`, or `'5%'`. Default: `null`, no limit. */
  readonly maxFailures: RowLimit | null;
  /** Such rows of the whole job that still end with status 0: `20`, or `'1%'`. Default: `0`. */
  readonly tolerate: RowLimit;
  /** Milliseconds that requests in flight may take after `signal`, 0 to 3,600,000. Default: `5000`. */
  readonly graceMs: number;
  /** Sends a row only where it differs from what was last submitted for that visitor. Default: `false`. */
  readonly changedOnly: boolean;
  /** Days after which an unchanged row is sent again, 0 to 3,650. Default: `7`. */
  readonly refreshAfterDays: number;
  /** Rows of one visitor that wait in line become one update, a later value standing over an earlier one. Default: `false`. */
  readonly coalesce: boolean;
  /** Discards the memory of what was submitted before. Default: `false`. */
  readonly forget: boolean;
  /** Begins again; the earlier job's files are kept, renamed. Default: `false`. */
  readonly restart: boolean;
  /** Sends rejects although a later job of their FILE has begun. Default: `false`. */
  readonly allowOutdated: boolean;
  /** Rows that may end submitted, refused or failed in one call, over all FILEs: 1 to 1,000,000,000. Default: `null`, which is no limit. */
  readonly limit: number | null;
  /** If FILE has changed in the middle of its job: refuse, or close the job and begin with the new content. Default: `'refuse'`. */
  readonly onChanged: 'refuse' | 'supersede';
  /** Folder for the job's files. Default: `null`, which is beside FILE. */
  readonly out: string | null;
  /** Stem of the job's files, needed for a stream and records. Default: `null`, which is FILE's whole name. */
  readonly name: string | null;
  /** Folder for the cap's ledger and the memory of `changedOnly`. Default: `$XDG_STATE_HOME/profile-drip`, or `~/.local/state/profile-drip`. */
  readonly stateDir: string;
  /** PostgreSQL in place of the folder (`postgres://USER@HOST/DATABASE`). Default: `null`, which is the folder. */
  readonly stateUrl: string | null;
  /** With `stateUrl`: a file with the secret of the memory hashes, in place of one that the database keeps. Default: `null`. */
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
