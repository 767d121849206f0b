import type { FileEnd } from '../drop/options.js';
import type { SendEvent } from '../job/terms/events.js';
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

export interface ServeHooks {
  /** Ends the gateway: no new batch, the rest as with a run. */
  readonly signal: AbortSignal;
  readonly onListening: (url: string) => void;
  readonly onEvent: (event: SendEvent, clientCode: string | null) => void;
  /** Called as each batch ends. */
  readonly onBatchEnd: (end: FileEnd) => void;
}
