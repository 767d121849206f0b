import type { BootClock, Clock } from '../platform/ports.js';
import type { RunNumber } from './attribute-state.js';
import { damagedMemory, keyMissing, memoryLost } from './memory-errors.js';
import {
  type Company,
  companyOf,
  isLive,
  lifeMsFor,
  type Newcomer,
  newRegistry,
  parseRegistry,
  type Registry,
  registryText,
  type Stamp,
  withEnded,
  withoutOver,
  withRenewed,
  withRun,
} from './run-registry.js';
import type { Records } from './store.js';

/** How often a run says that it is still there. */
export const renewEveryMs = 15_000;

export interface ParticipationOptions extends Newcomer {
  readonly folder: string;
  readonly keyPath: string;
  /** Of the secret that this run hashes with. */
  readonly keyCheck: string;
  readonly clock: Clock;
  readonly bootClock: BootClock;
}

interface Read {
  readonly text: string;
  readonly registry: Registry;
  readonly company: Company;
}

const foreignRegistry = 'a list of runs that this version did not write';

/**
 * One run's own entry among the runs (runs.ts), and its view of the others.
 *
 * Invariant: the run counts as renewed from the moment that was written, and only once the write is durable; so it never
 * takes itself for present longer than the others do.
 */
export class Participation {
  run: RunNumber = 0;
  readonly #options: ParticipationOptions;
  readonly #bootId: string | null;
  readonly #lifeMs: number;
  #renewedMonotonicMs = Number.NEGATIVE_INFINITY;
  #renewingMonotonicMs = Number.NEGATIVE_INFINITY;
  /** Parsed once for as long as it stays the same. */
  #last: Read | null = null;

  constructor(options: ParticipationOptions) {
    this.#options = options;
    this.#bootId = options.bootClock.bootId();
    this.#lifeMs = lifeMsFor(options.timeoutMs);
  }

  /** Takes a number, in the run's first transaction. @throws MachineError for a memory that is not to be used. */
  register(records: Records): void {
    const { folder, keyPath, keyCheck } = this.#options;
    const text = records.getRegistry();
    const registry = text === null ? newRegistry(keyCheck) : parseRegistry(text);
    const isForeign = text === null && records.size().visitors > 0;
    if (registry === null || isForeign) throw damagedMemory(folder, foreignRegistry);
    if (registry.keyCheck !== keyCheck) throw keyMissing(keyPath);
    const now = this.#now();
    this.run = registry.nextRun;
    this.#renewingMonotonicMs = now.monotonicMs;
    records.putRegistry(registryText(withRun(withoutOver(registry, now), this.#options, now)));
  }

  /**
   * In every later transaction first: who is there. Every few seconds renews this run, and lets go of those that are
   * over: a run that stood still alone, so that nobody took it to be over, just goes on.
   * @throws MachineError where this run is lost.
   */
  meet(records: Records): Company {
    const { registry, company } = this.#read(records);
    const now = this.#now();
    if (now.monotonicMs - this.#renewedMonotonicMs < renewEveryMs / 2) return company;
    const renewed = withoutOver(withRenewed(registry, this.run, now), now);
    this.#renewingMonotonicMs = now.monotonicMs;
    records.putRegistry(registryText(renewed));
    return companyOf(renewed);
  }

  /** The transaction of the last `register` or `meet` is durable. */
  committed(): void {
    this.#renewedMonotonicMs = this.#renewingMonotonicMs;
  }

  /** None of this run's tries starts any more. @throws MachineError where this run is lost. */
  end(records: Records): void {
    records.putRegistry(registryText(withEnded(this.#read(records).registry, this.run, this.#now())));
  }

  /** Whether the others still take this run to be there, so that a try may start. */
  isCurrent(): boolean {
    return this.#options.clock.monotonicMs() - this.#renewedMonotonicMs < this.#lifeMs;
  }

  #read(records: Records): Read {
    const text = records.getRegistry();
    if (this.#last !== null && text === this.#last.text) return this.#last;
    if (text === null) throw memoryLost(); // dropped, with everything in it
    const registry = parseRegistry(text);
    if (registry === null) throw damagedMemory(this.#options.folder, foreignRegistry);
    if (!isLive(registry, this.run)) throw memoryLost();
    this.#last = { text, registry, company: companyOf(registry) };
    return this.#last;
  }

  #now(): Stamp {
    const { clock } = this.#options;
    return { bootId: this.#bootId, monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }
}
