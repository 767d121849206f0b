import {
  type Memory,
  type MemoryOptions,
  openMemory,
  type Submission,
  type Verdict,
} from '../../../src/memory/memory.js';
import { realDisk } from '../../../src/platform/disk.js';
import type { Clock } from '../../../src/platform/ports.js';
import { atEndOfFile, type MovedClock, movedClock } from '../../support/index.js';
import { type Attributes, formOf, type Row } from './memory-world.js';

/** Runs over a real memory in `stateDir`, on a clock that the test moves. What is left open is closed at the end. */
export class OnDisk {
  readonly clock: MovedClock = movedClock();
  readonly stateDir: string;
  #jobCount = 0;

  constructor(stateDir: string) {
    this.stateDir = stateDir;
  }

  get ports() {
    return { clock: this.clock, bootClock: this.clock, disk: realDisk };
  }

  /** The same clock for a process that does nothing by itself: it stands still, or was killed. */
  get stoppedClock(): Clock {
    return { ...this.clock, schedule: () => () => {} };
  }

  /** A run of a job of its own, unless `jobKey` says otherwise. */
  async open(change: Partial<MemoryOptions> = {}): Promise<Memory> {
    this.#jobCount += 1;
    const memory = await openMemory({
      stateDir: this.stateDir,
      clientCode: 'acme',
      isLoopback: false,
      skipUnchanged: true,
      refreshAfterDays: 7,
      runId: `run-${this.#jobCount}`,
      jobKey: `job-${this.#jobCount}`,
      timeoutMs: 30_000,
      ...this.ports,
      ...change,
    });
    atEndOfFile(() => memory.close().catch(() => {}));
    return memory;
  }

  /** A whole run over `rows`, all of which Target takes; then ten minutes go by. Says which rows were sent. */
  async send(rows: readonly Row[], change: Partial<MemoryOptions> = {}): Promise<boolean[]> {
    const memory = await this.open(change);
    const verdicts = await examine(memory, rows);
    takeAll(memory, verdicts);
    await memory.close();
    await this.clock.advance(600_000);
    return areSent(verdicts);
  }
}

export function examine(memory: Memory, rows: readonly Row[]): Promise<readonly Verdict[]> {
  return memory.examine(rows.map(submissionOf));
}

export function submissionOf(row: Row): Submission {
  return { id: row.visitor, idType: 'thirdPartyId', form: formOf(row) };
}

export function takeAll(memory: Memory, verdicts: readonly Verdict[]): void {
  for (const verdict of verdicts) if (verdict.kind === 'send') memory.submitted(verdict.mark, true);
}

export function areSent(verdicts: readonly Verdict[]): boolean[] {
  return verdicts.map((verdict) => verdict.kind === 'send');
}

export function row(visitor: string, attributes: Attributes): Row {
  return { visitor, attributes };
}
