import {
  type Memory,
  type MemoryOptions,
  openMemory,
  type Submission,
  type Verdict,
} from '../../../src/memory/memory.js';
import { placeOf } from '../../../src/memory/paths-and-key.js';
import { realDisk } from '../../../src/platform/disk.js';
import { instantOf } from '../../../src/platform/instant.js';
import type { Clock } from '../../../src/platform/ports.js';
import { atEndOfFile, type MovedClock, movedClock } from '../../support/index.js';

export type Attributes = Readonly<Record<string, string>>;

export interface Row {
  readonly visitor: string;
  readonly attributes: Attributes;
}

export function row(visitor: string, attributes: Attributes): Row {
  return { visitor, attributes };
}

export function formOf({ visitor, attributes }: Row): string {
  const pairs = Object.entries(attributes).map(([name, value]) => `&profile.${name}=${value}`);
  return `mbox3rdPartyId=${visitor}${pairs.join('')}`;
}

export const origin = 'https://acme.tt.omtrdc.net';

/** Runs over a real memory in `stateDir`, on a clock that the test moves. What is left open is closed at the end. */
export class OnDisk {
  readonly clock: MovedClock = movedClock();
  readonly stateDir: string;
  #runCount = 0;

  constructor(stateDir: string) {
    this.stateDir = stateDir;
  }

  get ports() {
    return { clock: this.clock, bootClock: this.clock, disk: realDisk, host: 'here' };
  }

  get owner() {
    return { stateDir: this.stateDir, clientCode: 'acme', origin, isLoopback: false, ...this.ports };
  }

  get place() {
    return placeOf(this.owner, 'here');
  }

  /** The same clock for a process that does nothing by itself: it stands still, or was killed. */
  get stoppedClock(): Clock {
    return { ...this.clock, schedule: () => () => {} };
  }

  async open(change: Partial<MemoryOptions> = {}): Promise<Memory> {
    this.#runCount += 1;
    const memory = await openMemory({
      ...this.owner,
      skipUnchanged: true,
      refreshAfterDays: 7,
      runId: `run-${this.#runCount}`,
      timeoutMs: 30_000,
      ...change,
    });
    atEndOfFile(() => memory.close().catch(() => {}));
    return memory;
  }

  /**
   * A whole run over `rows`, all of which Target takes, each visitor's one after the other; then ten minutes go by. Says
   * which rows were sent.
   */
  async send(rows: readonly Row[], change: Partial<MemoryOptions> = {}): Promise<boolean[]> {
    const memory = await this.open(change);
    const areRowsSent: boolean[] = rows.map(() => false);
    let waiting = [...rows.keys()];
    while (waiting.length > 0) {
      const visitors = new Set<string>();
      const turn: number[] = [];
      for (const index of waiting) {
        const visitor = rows[index]?.visitor ?? '';
        if (!visitors.has(visitor)) turn.push(index);
        visitors.add(visitor);
      }
      const verdicts = await examine(
        memory,
        turn.map((index) => rows[index] ?? row('', {})),
      );
      takeAll(memory, verdicts);
      verdicts.forEach(({ kind }, at) => {
        areRowsSent[turn[at] ?? 0] = kind === 'send';
      });
      waiting = waiting.filter((index) => !turn.includes(index));
    }
    await memory.close();
    await this.clock.advance(600_000);
    return areRowsSent;
  }

  mayLeave(memory: Memory, verdict: Verdict | undefined): boolean {
    return verdict?.kind === 'send' && memory.mayLeave(verdict.mark, instantOf(this.clock));
  }
}

export function examine(memory: Memory, rows: readonly Row[]): Promise<readonly Verdict[]> {
  return memory.examine(rows.map(submissionOf));
}

export function submissionOf(one: Row): Submission {
  return { form: formOf(one), earlier: null, wasAttempted: false };
}

export function takeAll(memory: Memory, verdicts: readonly Verdict[], wasOnlyAttempt = true): void {
  for (const verdict of verdicts) if (verdict.kind === 'send') memory.submitted(verdict.mark, wasOnlyAttempt);
}

export function areSent(verdicts: readonly Verdict[]): boolean[] {
  return verdicts.map((verdict) => verdict.kind === 'send');
}
