import type { Nights } from '../../nights/nights.js';
import type { Clock } from '../../platform/ports.js';
import type { Surroundings } from '../../settings/kinds/setting.js';
import type { TokenFiles } from '../../settings/token.js';
import type { Screen } from '../../terminal/screen.js';
import type { ErrorCode } from '../../terms/codes.js';
import type { ExitStatus } from '../../terms/exit-status.js';

import type { Output } from './output.js';

/** What of the process a verb touches. */
export interface Host {
  readonly surroundings: Surroundings;
  readonly stdout: Screen;
  readonly stderr: Screen;
  /** Behind both screens: what is withheld, and how log lines are written. */
  readonly output: Output;
  readonly clock: Clock;
  readonly files: TokenFiles;
  /** From now on SIGHUP, SIGINT and SIGTERM abort the signal that is returned; its reason is the first one's name. */
  watchSignals(onSignal: (name: string) => void): AbortSignal;
}

/** A verb, and what it was called with. */
export interface Call {
  readonly verb: VerbName;
  readonly files: readonly string[];
  /** Options by name as given, in their order; flags as `true` or `false`. */
  readonly options: ReadonlyMap<string, string>;
  readonly host: Host;
  /** What surrounds the jobs: --on-end, --metrics-file, --keep. */
  readonly nights: Nights;
  /** What may stand in no output. A verb adds what it comes to know. */
  readonly secrets: Set<string>;
}

export type VerbName =
  | 'send'
  | 'check'
  | 'status'
  | 'report'
  | 'drop'
  | 'serve'
  | 'verify'
  | 'state'
  | 'sandbox'
  | 'help';

/** Runs a verb to its end. Rejects with a ProfileDripError for what a user can act on. */
export type RunVerb = (call: Call) => Promise<ExitStatus | VerbEnd>;

/** A verb's own end, with what stopped it. */
export interface VerbEnd {
  readonly status: ExitStatus;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
}
