import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttributeState, marked, type Presence, settled } from '../../src/memory/attribute-state.js';

const unknown: AttributeState = { kind: 'contested', through: 0 };

function presence(...runs: number[]): Presence {
  return { has: (run) => runs.includes(run), anyUpTo: (limit) => runs.some((run) => run <= limit) };
}

/** What becomes of `state` when the rows of run 1 mark and are taken in the order that `steps` says. */
function follow(state: AttributeState, present: Presence, ...steps: readonly Step[]): AttributeState {
  return steps.reduce((before, step) => {
    const marker = { run: step.run ?? 1, sequence: step.row };
    if (step.does === 'mark') return marked(before, step.value, marker, present);
    const { value, onlyTry: wasOnlyTry = true } = step;
    return settled(before, marker, { value, wasOnlyTry, atMinutes: 100 });
  }, state);
}

interface Step {
  readonly does: 'mark' | 'take';
  readonly row: number;
  readonly value: bigint;
  readonly run?: number;
  readonly onlyTry?: boolean;
}

const mark = (row: number, value: bigint, run = 1): Step => ({ does: 'mark', row, value, run });
const take = (row: number, value: bigint, run = 1): Step => ({ does: 'take', row, value, run });
const takeAfterDoubt = (row: number, value: bigint, run = 1): Step => ({ ...take(row, value, run), onlyTry: false });
const known = (value: bigint, echo = 0): AttributeState => ({ kind: 'known', value, setAtMinutes: 100, echo });

describe('an attribute in the memory', () => {
  it('is known once the row that marked it was taken', () => {
    expect(follow(unknown, presence(1), mark(1, 5n))).toMatchObject({ kind: 'pending', value: 5n, run: 1 });
    expect(follow(unknown, presence(1), mark(1, 5n), take(1, 5n))).toEqual(known(5n));
  });

  it('stays unknown when the row before the latest of a visitor was taken', () => {
    const state = follow(unknown, presence(1), mark(1, 5n), mark(2, 6n), take(1, 5n));
    expect(state.kind).toBe('pending');
    expect(follow(state, presence(1), take(2, 6n))).toEqual(known(6n));
  });

  it('stays unknown for this run when an earlier row of the visitor was not taken: it may have been applied late', () => {
    const state = follow(unknown, presence(1), mark(1, 5n), mark(2, 6n), take(2, 6n));
    expect(state.kind).toBe('contested');
    expect(follow(state, presence(1), mark(3, 7n), take(3, 7n)).kind).toBe('contested');
    expect(follow(state, presence(2), mark(1, 7n, 2), take(1, 7n, 2))).toEqual(known(7n));
  });

  it('stays unknown for this run when an earlier row of the visitor needed several tries', () => {
    const rows = [mark(1, 5n), mark(2, 6n), takeAfterDoubt(1, 5n), take(2, 6n)];
    expect(follow(unknown, presence(1), ...rows).kind).toBe('contested');
  });

  it('is known after several tries, but an earlier one of them may undo what is submitted next', () => {
    const state = follow(unknown, presence(1), mark(1, 5n), takeAfterDoubt(1, 5n));
    expect(state).toEqual(known(5n, 1));
    expect(follow(state, presence(1), mark(2, 6n), take(2, 6n)).kind).toBe('contested');
    expect(follow(state, presence(1), mark(2, 5n), take(2, 5n))).toEqual(known(5n, 1));
    expect(follow(state, presence(2), mark(1, 6n, 2), take(1, 6n, 2))).toEqual(known(6n));
  });

  it('stays unknown when two runs submit different values, in whatever order they end', () => {
    const both = presence(1, 2);
    const marks = [mark(1, 5n, 1), mark(1, 6n, 2)];
    expect(follow(unknown, both, ...marks, take(1, 5n, 1), take(1, 6n, 2)).kind).toBe('contested');
    expect(follow(unknown, both, ...marks, take(1, 6n, 2), take(1, 5n, 1)).kind).toBe('contested');
  });

  it('is contested no longer once all that marked it are over', () => {
    const state = follow(unknown, presence(1, 2), mark(1, 5n, 1), mark(1, 6n, 2));
    expect(follow(state, presence(2, 3), mark(1, 7n, 3), take(1, 7n, 3)).kind).toBe('contested');
    expect(follow(state, presence(3), mark(1, 7n, 3), take(1, 7n, 3))).toEqual(known(7n));
  });

  it('is known when two runs submit the same value, and one of them may still undo a third run’s', () => {
    const state = follow(unknown, presence(1, 2), mark(1, 5n, 1), mark(1, 5n, 2), take(1, 5n, 2));
    expect(state).toEqual(known(5n, 1));
    expect(follow(state, presence(1, 3), mark(1, 6n, 3), take(1, 6n, 3)).kind).toBe('contested');
  });

  it('is known again when a run takes up what a killed one left under way', () => {
    const left = follow(unknown, presence(1), mark(1, 5n, 1));
    expect(follow(left, presence(1, 2), mark(1, 5n, 2), take(1, 5n, 2))).toEqual(known(5n, 1));
    expect(follow(left, presence(2), mark(1, 6n, 2), take(1, 6n, 2))).toEqual(known(6n));
  });

  it('is contested as long as any of three runs may still undo what another set', () => {
    // Run 2 marks, run 1 marks the same: each of them may be the one that is still there.
    const two = follow(unknown, presence(1, 2), mark(1, 5n, 2), mark(1, 5n, 1));
    expect(follow(two, presence(2, 3), mark(1, 6n, 3), take(1, 6n, 3)).kind).toBe('contested');
    const three = follow(two, presence(1, 2, 3), mark(1, 5n, 3), take(1, 5n, 3));
    expect(follow(three, presence(2, 3), mark(2, 6n, 3), take(2, 6n, 3)).kind).toBe('contested');
    const undone = follow(two, presence(1, 2), mark(2, 6n, 1));
    expect(follow(undone, presence(2, 3), mark(1, 7n, 3), take(1, 7n, 3)).kind).toBe('contested');
  });

  it('is contested through the later run where the earlier one marks last', () => {
    const state = follow(unknown, presence(1, 2), mark(1, 5n, 2), mark(1, 6n, 1));
    expect(follow(state, presence(2, 3), mark(1, 7n, 3), take(1, 7n, 3)).kind).toBe('contested');
  });

  it('keeps nothing of runs that are over', () => {
    expect(follow(known(5n, 1), presence(2), mark(1, 5n, 2), take(1, 5n, 2))).toEqual(known(5n));
  });

  it('is contested when a run that was taken to be over was not', () => {
    const second = follow(unknown, presence(1), mark(1, 5n, 1));
    const taken = follow(second, presence(2), mark(1, 6n, 2), take(1, 6n, 2));
    expect(taken).toEqual(known(6n));
    expect(follow(taken, presence(2), take(1, 5n, 1))).toEqual({ kind: 'contested', through: 1 });
    const pending = follow(second, presence(2), mark(1, 6n, 2));
    expect(follow(pending, presence(2), take(1, 5n, 1), take(1, 6n, 2)).kind).toBe('contested');
  });

  it('is contested through the runs that there were when the memory was forgotten', () => {
    const forgotten: AttributeState = { kind: 'contested', through: 2 };
    expect(follow(forgotten, presence(2, 3), mark(1, 5n, 3), take(1, 5n, 3)).kind).toBe('contested');
    expect(follow(forgotten, presence(3), mark(1, 5n, 3), take(1, 5n, 3))).toEqual(known(5n));
  });

  it('is contested when more rows of one visitor are on their way than can be counted', () => {
    const marks = Array.from({ length: 257 }, (_, index) => mark(index + 1, BigInt(index)));
    expect(follow(unknown, presence(1), ...marks.slice(0, 256)).kind).toBe('pending');
    expect(follow(unknown, presence(1), ...marks).kind).toBe('contested');
  });
});

/** One attribute at Target, the runs that write it, and the memory of it: everything that may happen, in any order. */
class World {
  state: AttributeState = unknown;
  #server: bigint | null = null;
  #nextRun = 1;
  readonly #runs = new Map<number, Run>();
  /** Tries without an answer, which may arrive until their run is gone. */
  #late: { readonly run: number; readonly value: bigint }[] = [];

  act(kind: number, choice: number, value: bigint): void {
    const runs = [...this.#runs.values()];
    const alive = runs.filter((run) => run.isAlive);
    const run = alive[choice % Math.max(1, alive.length)];
    const over = runs.filter((other) => !other.isAlive);
    const gone = over[choice % Math.max(1, over.length)];
    if (run === undefined || kind === 0) this.#begin();
    else if (kind <= 2) this.#mark(run, value);
    else if (kind <= 6) this.#answer(run, 'taken');
    else if (kind === 7) this.#answer(run, 'silence');
    else if (kind === 8) this.#answer(run, 'given-up');
    else if (kind <= 12) this.#write(run);
    else if (kind === 13) this.#end(run, choice % 2 === 0);
    else if (kind === 14) this.#arrive(choice);
    else if (gone !== undefined) this.#gone(gone);
  }

  check(): void {
    if (this.state.kind !== 'known') return;
    const { value } = this.state;
    if (this.#server !== value) throw new Error(`known is ${value}, Target holds ${this.#server}`);
  }

  #begin(): void {
    if (this.#runs.size >= 3) return;
    const number = this.#nextRun++;
    this.#runs.set(number, { number, isAlive: true, rows: [], waiting: [], sequence: 0 });
  }

  #mark(run: Run, value: bigint): void {
    run.sequence += 1;
    const present = presence(...this.#runs.keys());
    this.state = marked(this.state, value, { run: run.number, sequence: run.sequence }, present);
    run.rows.push({ sequence: run.sequence, value, tryCount: 0 });
  }

  /** Rows of a visitor go out one after another. */
  #answer(run: Run, answer: 'taken' | 'silence' | 'given-up'): void {
    const row = run.rows[0];
    if (row === undefined) return;
    if (answer === 'taken') {
      this.#server = row.value;
      run.waiting.push(row);
    } else if (answer === 'silence') {
      row.tryCount += 1;
      this.#late.push({ run: run.number, value: row.value });
      return;
    }
    run.rows.shift();
  }

  #write(run: Run): void {
    const row = run.waiting.shift();
    if (row === undefined) return;
    const submitted = { value: row.value, wasOnlyTry: row.tryCount === 0, atMinutes: 100 };
    this.state = settled(this.state, { run: run.number, sequence: row.sequence }, submitted);
  }

  #end(run: Run, isOrderly: boolean): void {
    while (isOrderly && run.waiting.length > 0) this.#write(run);
    run.isAlive = false;
  }

  #arrive(choice: number): void {
    const [late] = this.#late.splice(choice % Math.max(1, this.#late.length), 1);
    if (late !== undefined) this.#server = late.value;
  }

  #gone(run: Run): void {
    this.#runs.delete(run.number);
    this.#late = this.#late.filter((late) => late.run !== run.number);
  }
}

interface Run {
  readonly number: number;
  isAlive: boolean;
  readonly rows: { readonly sequence: number; readonly value: bigint; tryCount: number }[];
  readonly waiting: { readonly sequence: number; readonly value: bigint; readonly tryCount: number }[];
  sequence: number;
}

describe('an attribute in the memory, whatever happens', () => {
  it('is known only while Target holds its value', () => {
    let knownCount = 0;
    let stepCount = 0;
    const step = fc.tuple(fc.nat(16), fc.nat(100), fc.bigInt({ min: 0n, max: 1n }));
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => {
        const world = new World();
        for (const [kind, choice, value] of steps) {
          world.act(kind, choice, value);
          world.check();
          stepCount += 1;
          if (world.state.kind === 'known') knownCount += 1;
        }
      }),
      { numRuns: 15_000 },
    );
    expect(knownCount / stepCount).toBeGreaterThan(0.05); // or it proves nothing
  });
});
