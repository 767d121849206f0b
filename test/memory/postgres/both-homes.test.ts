import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyRecords } from '../../../src/memory/forget.js';
import type { LiveMemory } from '../../../src/memory/live-memory.js';
import type { Verdict } from '../../../src/memory/memory-types.js';
import { instantOf } from '../../../src/platform/instant.js';
import { type Break, breakTimes } from '../../pacing/postgres/database.js';
import { type MovedClock, movedClock } from '../../support/index.js';
import { isPostgresMissing, startPostgres } from '../../support/postgres.js';
import { heldMemory } from '../support/held-memory.js';
import { heldRecords, heldStore } from '../support/held-store.js';
import { examine, row } from '../support/on-disk.js';
import { PostgresMemories } from './postgres-memories.js';

/** What happens to two runs over one memory; all of it in one order. */
type Happening =
  | {
      readonly kind: 'row';
      readonly run: number;
      readonly visitor: string;
      readonly value: string;
      readonly course: Course;
    }
  | { readonly kind: 'again'; readonly run: number; readonly skipUnchanged: boolean; readonly isKilled: boolean }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'forget' }
  | { readonly kind: 'break'; readonly at: Break };

/** What becomes of an attempt. `untold`: Target took it, and the run does not hear of it; `late`: it arrives in a second. */
type Course = 'taken' | 'untold' | 'lost' | 'late' | 'late-and-retried';

const visitors = ['v1', 'v1', 'v1', 'v2'];
const taken: Course[] = ['taken', 'taken', 'taken', 'taken'];
const run = fc.nat({ max: 1 });
const breakSteps: Break['step'][] = ['begin', 'read', 'write', 'commit'];
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('row' as const),
      run,
      visitor: fc.constantFrom(...visitors),
      value: fc.constantFrom('x', 'x', 'x', 'y'),
      course: fc.constantFrom<Course>(...taken, ...taken, 'untold', 'lost', 'late', 'late-and-retried'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('again' as const),
      run,
      skipUnchanged: fc.constantFrom(true, true, false),
      isKilled: fc.boolean(),
    }),
  },
  // Shorter than every margin, or longer: in between the homes differ, because their margins do.
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(500, 2_500, 10_800_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('break' as const),
      at: fc.record({
        step: fc.constantFrom(...breakSteps, 'commit' as const),
        when: fc.constantFrom(...breakTimes),
      }),
    }),
  },
);

interface Homes {
  readonly clock: MovedClock;
  open(skipUnchanged: boolean): Promise<LiveMemory>;
  forget(): Promise<void>;
  break(at: Break): void;
}

/** All verdicts of a history. @throws where a row is unchanged and Target holds something else. */
async function live(homes: Homes, history: readonly Happening[]): Promise<string[]> {
  const runs = [await homes.open(true), await homes.open(true)];
  const target = new Map<string, string>();
  const verdicts: string[] = [];
  const arriving: { readonly visitor: string; readonly value: string }[] = [];
  const arrive = () => {
    for (const { visitor, value } of arriving.splice(0)) target.set(visitor, value);
  };
  for (const one of history) {
    if (one.kind === 'wait') {
      if (one.ms > 1_000) arrive();
      await homes.clock.advance(one.ms);
    } else if (one.kind === 'forget') await homes.forget();
    else if (one.kind === 'break') homes.break(one.at);
    else if (one.kind === 'again') {
      if (!one.isKilled) await runs[one.run]?.close();
      runs[one.run] = await homes.open(one.skipUnchanged);
    } else {
      const memory = runs[one.run];
      if (memory === undefined) continue;
      const [verdict] = await examine(memory, [row(one.visitor, { a: one.value })]);
      verdicts.push(verdict?.kind ?? '');
      if (verdict?.kind === 'unchanged') {
        expect(target.get(one.visitor), 'called unchanged').toBe(one.value);
        continue;
      }
      attempt(homes, memory, verdict, one, target, arriving);
    }
  }
  for (const memory of runs) await memory.close();
  return verdicts;
}

function attempt(
  { clock }: Homes,
  memory: LiveMemory,
  verdict: Verdict | undefined,
  { visitor, value, course }: Extract<Happening, { readonly kind: 'row' }>,
  target: Map<string, string>,
  arriving: { readonly visitor: string; readonly value: string }[],
): void {
  if (verdict?.kind !== 'send') return;
  expect(memory.mayLeave(verdict.mark, instantOf(clock))).toBe(true);
  if (course === 'lost') return;
  if (course === 'late' || course === 'late-and-retried') arriving.push({ visitor, value });
  if (course === 'late') return;
  target.set(visitor, value);
  if (course !== 'untold') memory.submitted(verdict.mark, course === 'taken');
}

function folder(): Homes {
  const clock = movedClock();
  const held = heldRecords();
  return {
    clock,
    open: (skipUnchanged) => heldMemory(held, clock, skipUnchanged),
    async forget() {
      const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs(), timeBase: clock.bootId() ?? '' };
      await heldStore(held).transact((records) => emptyRecords(records, '/m', '/away', now));
    },
    break: () => {},
  };
}

const server = isPostgresMissing ? null : await startPostgres(['fsync=off']);
const numRuns = Number(process.env.HISTORIES ?? 12);
const seed = Number(process.env.SEED ?? 19);
let count = 0;

describe.skipIf(server === null)('a memory in a folder and one in PostgreSQL', () => {
  it('say the same over the same history, connections that break included, and never skip what Target lacks', {
    timeout: 20_000 + numRuns * 2_000,
  }, async () => {
    let unchangedCount = 0;
    const histories = fc.array(happening, { minLength: 20, maxLength: 40, size: 'max' });
    const property = fc.asyncProperty(histories, async (history) => {
      count += 1;
      const memories = new PostgresMemories(server?.url('postgres') ?? '', `memory ${count}`);
      try {
        const expected = await live(folder(), history);
        unchangedCount += expected.filter((kind) => kind === 'unchanged').length;
        const shared: Homes = {
          clock: memories.clock,
          open: (skipUnchanged) => memories.open(skipUnchanged),
          forget: () => memories.forget(),
          break: (at) => void memories.breaks.push(at),
        };
        expect(await live(shared, history)).toEqual(expected);
      } finally {
        await memories.close();
      }
    });
    await fc.assert(property, { numRuns, seed, endOnFailure: true }); // shrinking would take minutes
    expect(unchangedCount).toBeGreaterThan(numRuns / 2); // or it proves nothing
  });
});
