import type { SendOptions } from '../job/terms/options.js';
import type { ErrorCode, NoticeCode } from '../terms/codes.js';

/** The options of `send` that a check depends on. */
export interface CheckOptions
  extends Pick<
    SendOptions,
    | 'sandbox'
    | 'endpoint'
    | 'method'
    | 'route'
    | 'onCap'
    | 'deliveryCap'
    | 'deliveryHost'
    | 'deliveryMbox'
    | 'deliveryProperty'
    | 'deliveryUserAgent'
    | 'values'
    | 'plus'
    | 'delimiter'
    | 'encoding'
    | 'idColumn'
    | 'idType'
    | 'only'
    | 'skip'
    | 'rename'
    | 'nullWords'
    | 'trim'
    | 'ratePerSecond'
    | 'dailyCap'
    | 'reserve'
    | 'pace'
    | 'timeoutMs'
    | 'tolerate'
    | 'changedOnly'
    | 'coalesce'
    | 'refreshAfterDays'
    | 'out'
    | 'name'
    | 'stateDir'
    | 'stateUrl'
    | 'memoryKeyFile'
  > {
  /** `null`: the cap is taken to be unused. Needed with `changedOnly`. */
  readonly clientCode: string | null;
}

/** How far a check is. */
export interface CheckSnapshot {
  /** Of FILE's own bytes. */
  readonly readBytes: number;
  /** The size of FILE in bytes. */
  readonly sizeBytes: number;
  /** Rows that have been read. */
  readonly rowCount: number;
  /** Those of them that are invalid. */
  readonly invalidCount: number;
}

/** What a person who watches a check would want to know. */
export type CheckEvent =
  | { readonly kind: 'started'; readonly file: string; readonly snapshot: () => CheckSnapshot }
  | {
      readonly kind: 'notice';
      readonly level: 'info' | 'warning';
      readonly code: NoticeCode | ErrorCode;
      readonly message: string;
    }
  | { readonly kind: 'ended'; readonly file: string };

/** A row that would be sent. */
export interface FirstRequest {
  readonly file: string;
  /** Data rows count from 1. */
  readonly rowNumber: number;
  /** The line of the file where the row begins, from 1. */
  readonly lineNumber: number;
  /** Id and values in clear: `mbox3rdPartyId=…&profile.a=…`. */
  readonly form: string;
}

export interface CheckHooks {
  /** Stops the check between two chunks of rows. The reason may be a signal's name. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: CheckEvent) => void;
  /** Called for the first 3 rows of each file that would be sent. */
  readonly onFirstRequest?: (request: FirstRequest) => void;
}
