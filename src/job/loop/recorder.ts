import type { Reason, RowStatus } from '../../terms/outcome.js';
import type { MoreLines } from '../results/journal.js';
import type { RowResult } from '../results/result.js';
import type { ReadRow } from '../rows/row-source.js';
import type { Stop } from '../terms/stops.js';
import type { LoopHooks, LoopPorts } from './loop-parts.js';

/** Writes down the end of a row, in the step in which it ends. */
export class Recorder {
  readonly #ports: Pick<LoopPorts, 'clock' | 'journal' | 'tally' | 'quota'>;
  readonly #hooks: Pick<LoopHooks, 'onProgress' | 'onEnded'>;
  readonly #stop: (stop: Stop) => void;

  constructor(
    ports: Pick<LoopPorts, 'clock' | 'journal' | 'tally' | 'quota'>,
    hooks: Pick<LoopHooks, 'onProgress' | 'onEnded'>,
    stop: (stop: Stop) => void,
  ) {
    this.#ports = ports;
    this.#hooks = hooks;
    this.#stop = stop;
  }

  /** Returns at which byte of the report the row's line begins. */
  record(result: RowResult, more: MoreLines): number {
    const { journal, tally, quota } = this.#ports;
    const resultByte = journal.write(result, more);
    tally.add(result);
    quota.ended(result.status);
    this.#hooks.onProgress();
    const stop = this.#hooks.onEnded(result);
    if (stop !== null) this.#stop(stop);
    return resultByte;
  }

  /** The end of a row of which no attempt was made. */
  unsentResult(
    row: Pick<ReadRow, 'rowNumber' | 'lineNumber'>,
    id: string,
    status: RowStatus,
    reason: Reason,
  ): RowResult {
    return {
      rowNumber: row.rowNumber,
      lineNumber: row.lineNumber,
      id,
      status,
      httpStatus: null,
      attempts: 0,
      durationMs: 0,
      finishedAtMs: this.#ports.clock.wallMs(),
      reason,
      route: null,
    };
  }
}
