import type { FileEnd } from '../drop/options.js';
import type { SendEvent } from '../job/terms/events.js';
import type { FileEnd as JobFileEnd } from '../job/terms/file-end.js';
import type { SendOptions } from '../job/terms/options.js';
import type { Credential } from './wire/who-may-send.js';

/** What `serve` does beside what `send` does with each batch. */
export interface ServeOptions {
  /** Holds a folder for each client code. */
  readonly dir: string;
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  /** The client codes that are served, in lower case; `null`: every one. */
  readonly clientCodes: readonly string[] | null;
  /** `null`: everybody who reaches the port may send. */
  readonly credentials: readonly Credential[] | null;
  /** Origin under which jobs reach the gateway; `null`: the address that is listened on. */
  readonly publicUrl: string | null;
  readonly maxBodyBytes: number;
  /** Paths of profile tokens by client code. */
  readonly tokenFiles: ReadonlyMap<string, string>;
  /** For every client code; its `clientCode`, `token` and `tokenFile` are not looked at. */
  readonly send: Omit<SendOptions, 'out' | 'name' | 'restart'>;
}

/** The queue of one client code, and the folder that it works off. */
export interface QueuePlace {
  readonly clientCode: string;
  readonly dropFolder: string;
}

/** What came of one batch in one pass; without a batch, what stopped the pass before one was begun. */
export type BatchEnd = FileEnd & JobFileEnd;

export interface ServeHooks {
  /** Ends the gateway: no new batch, the rest as with a run. */
  readonly signal: AbortSignal;
  readonly onListening: (url: string) => void;
  /** Called as each queue opens, before anything of it ends. */
  readonly onQueue: (place: QueuePlace) => void;
  /** `null`: it is not about one queue. */
  readonly onEvent: (event: SendEvent, place: QueuePlace | null) => void;
  /** Called as each batch ends, and when one is stopped: again only where it is stopped for another reason. */
  readonly onBatchEnd: (end: BatchEnd, place: QueuePlace) => void;
}
