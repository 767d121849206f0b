import type { RunSummary } from '../job/terms/summary.js';
import { ProfileDripError } from '../terms/errors.js';
import type { VerifyResult } from '../verify/terms.js';

/**
 * A run that ended before its files were done, or with an error of a file: `summary` says how far it came, `cause` what
 * lies behind it (the last error of the network or the endpoint, a FileError, a MachineError), where that is known.
 */
export class StoppedError extends ProfileDripError {
  /** How far the run came. */
  readonly summary: RunSummary;

  constructor(summary: RunSummary, cause: Error | null = null) {
    const { code = 'stopped', message = 'the run stopped' } = summary.error ?? {};
    super(code, message, summary.exit_status, cause === null ? undefined : { cause });
    this.summary = summary;
  }
}

/**
 * A verify that ended before its sample was done, or with an error of a file: `result` says how far it came, `cause` what
 * lies behind it, where that is known.
 */
export class VerifyStoppedError extends ProfileDripError {
  /** How far the verify came. */
  readonly result: VerifyResult;

  constructor(result: VerifyResult, cause: Error | null = null) {
    const { code = 'stopped', message = 'the verify stopped' } = result.error ?? {};
    super(code, message, result.exit_status, cause === null ? undefined : { cause });
    this.result = result;
  }
}
