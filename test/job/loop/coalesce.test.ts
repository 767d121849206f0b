import { describe, expect, it } from 'vitest';
import { earlierResult, earlierRows, gather, takeApart, updateForm } from '../../../src/job/loop/coalesce.js';
import { openRow } from '../../../src/job/loop/intake.js';
import { Marking } from '../../../src/job/loop/marking.js';
import { ReadyRows } from '../../../src/job/loop/ready-rows.js';
import { type OpenRow, Window } from '../../../src/job/loop/row-window.js';
import type { Mark, Memory, Submission } from '../../../src/memory/memory.js';
import { instantOf } from '../../../src/platform/instant.js';
import type { MergeForms } from '../../../src/target-api/merge-forms.js';
import { movedClock, settle } from '../../support/index.js';
import { rowResult } from '../support/result-rows.js';

/** Joins up to three forms. */
const merge: MergeForms = (first, following) => {
  const forms = [...following].slice(0, 3 - first.split('+').length);
  return { form: [first, ...forms].join('+'), followingCount: forms.length };
};
const row = (rowNumber: number, id = 'v'): OpenRow =>
  openRow(
    { rowNumber, lineNumber: rowNumber + 1, startByte: 20 * rowNumber },
    id,
    `f${rowNumber}`,
    null,
    undefined,
    -1,
  );
const numbers = (rows: readonly OpenRow[]) => rows.map(({ rowNumber }) => rowNumber);
const mark: Mark = { asked: { wallMs: 0, monotonicMs: 0, uptimeMs: 0 }, lastSentAtMs: null };

function inLine(...rows: readonly OpenRow[]): readonly OpenRow[] {
  const window = new Window();
  for (const one of rows) window.add(one);
  return rows;
}

describe('which rows go out as one update', () => {
  it('is the row whose turn it is and those that wait behind it, as many as fit; the last one stands for them', () => {
    const [first, , third, fourth] = inLine(row(1), row(2), row(3), row(4)) as [OpenRow, OpenRow, OpenRow, OpenRow];
    const last = gather(first, merge);
    expect(last).toBe(third);
    expect(numbers(earlierRows(last))).toEqual([1, 2]);
    expect(updateForm(last)).toBe('f1+f2+f3');
    expect(gather(last, merge)).toBe(last);
    expect(updateForm(fourth)).toBe('f4');
  });

  it('grows with rows that come while it waits', () => {
    const window = new Window();
    const [one, two, three] = [row(1), row(2), row(3)];
    window.add(one);
    expect(gather(one, merge)).toBe(one);
    window.add(two);
    expect(gather(one, merge)).toBe(two);
    window.add(three);
    expect(gather(two, merge)).toBe(three);
    expect(numbers(earlierRows(three))).toEqual([1, 2]);
    expect(earlierRows(two)).toEqual([]);
  });

  it('never has rows of two visitors that share a print', () => {
    const [one, other, again] = [row(1), { ...row(2, 'w'), print: row(1).print }, row(3)];
    inLine(one, other, again);
    expect(gather(one, merge)).toBe(one);
    expect(updateForm(one)).toBe('f1');
  });

  it('leaves a row alone of which an attempt was made', () => {
    const [one, two] = inLine(row(1), row(2)) as [OpenRow, OpenRow];
    one.firstTryMonotonicMs = 5;
    expect(gather(one, merge)).toBe(one);
    expect(earlierRows(two)).toEqual([]);
  });

  it('hands the attempts of earlier runs, and the mark that the memory knows, to the row that stands for all', () => {
    const [one, two] = inLine(row(1), row(2)) as [OpenRow, OpenRow];
    Object.assign(one, { attempts: 2, firstTryAtMs: 100, earlierMs: 50, mark });
    Object.assign(two, { attempts: 1, firstTryAtMs: 300, earlierMs: 20 });
    const last = gather(one, merge);
    expect(last).toMatchObject({ attempts: 3, firstTryAtMs: 100, earlierMs: 50, mark, group: { isMarked: false } });
    expect(one).toMatchObject({ attempts: 0, firstTryAtMs: null, earlierMs: 0, mark: null });
  });
});

describe('a group that is taken apart', () => {
  it('goes out row by row, and never together again', () => {
    const [one, two, three] = inLine(row(1), row(2), row(3)) as [OpenRow, OpenRow, OpenRow];
    const last = gather(one, merge);
    Object.assign(last, { attempts: 4, countedTries: 4, firstTryMonotonicMs: 7, firstTryAtMs: 70, mark });
    expect(takeApart(last)).toBe(one);
    for (const each of [one, two, three]) {
      expect(each).toMatchObject({
        group: null,
        mark: null,
        firstTryMonotonicMs: 7,
        firstTryAtMs: 70,
        countedTries: 0,
      });
      expect(gather(each, merge)).toBe(each);
    }
    expect([one, two, three].map(({ attempts }) => attempts)).toEqual([0, 0, 4]);
  });
});

describe('the rows whose turn it is', () => {
  it.each(['next', 'far'] as const)('keep their order when one takes others along: %s', (end) => {
    const window = new Window();
    const ready = new ReadyRows(movedClock(), merge, () => {});
    for (const one of [row(1, 'a'), row(2, 'b'), row(3, 'a'), row(4, 'b'), row(5, 'c')]) {
      if (window.add(one)) ready.put(one);
    }
    ready.putFirst(ready.take('next'));
    const taken: number[] = [];
    while (ready.size > 0) {
      const seen = ready.peek(end);
      expect(ready.take(end)).toBe(seen);
      taken.push(seen?.rowNumber ?? 0);
    }
    expect(taken).toEqual(end === 'next' ? [3, 4, 5] : [5, 4, 3]);
  });
});

describe('the line of a row that went with a later one', () => {
  it('has no attempts, and says with which row', () => {
    const last = rowResult({ rowNumber: 9, attempts: 3 });
    expect(earlierResult(row(4), last)).toMatchObject({
      ...{ rowNumber: 4, lineNumber: 5, id: 'v', status: 'submitted', httpStatus: null, attempts: 0, durationMs: 0 },
      reason: { code: 'coalesced', text: 'with row 9' },
    });
  });

  it('has the reason of the whole update where that failed', () => {
    const last = rowResult({ rowNumber: 9, attempts: 6, status: 'failed', reason: { code: 'timeout', text: 'slow' } });
    expect(earlierResult(row(4), last)).toMatchObject({
      ...{ status: 'failed', attempts: 0, reason: { code: 'timeout', text: 'coalesced with row 9' } },
    });
  });
});

describe('the mark of a group', () => {
  /** Says `send` to all, and notes what it was asked. */
  function askedMemory() {
    const asked: Submission[] = [];
    const memory: Memory = {
      async examine(rows) {
        asked.push(...rows);
        return rows.map(() => ({ kind: 'send', mark: { ...mark } }));
      },
      mayLeave: (found) => found !== null,
      absence: () => null,
      watchAbsence: () => {},
      standingMark: () => null,
      submitted: () => {},
      flush: async () => {},
      doubt: async () => {},
      size: async () => ({ visitors: 0, bytesOnDisk: 0 }),
      close: async () => {},
    };
    const clock = movedClock();
    const ready = new ReadyRows(clock, merge, () => {});
    const marking = new Marking(memory, ready, {
      isStopped: () => false,
      endUnchanged: () => {},
      pump: () => {},
      onFault: (error) => {
        throw error;
      },
    });
    return { asked, ready, marking, now: instantOf(clock) };
  }

  it('is one of all that the update holds: when rows join, it is marked again before it leaves', async () => {
    const { asked, ready, marking, now } = askedMemory();
    const window = new Window();
    const [one, two] = [row(1), row(2)];
    window.add(one);
    ready.put(one);
    expect(marking.hasReady('next', now)).toBe(false);
    await settle();
    expect(marking.hasReady('next', now)).toBe(true);
    window.add(two);
    expect(marking.hasReady('next', now)).toBe(false);
    await settle();
    expect(marking.hasReady('next', now)).toBe(true);
    expect(asked.map(({ form }) => form)).toEqual(['f1', 'f1+f2']);
    expect(asked[1]?.earlier).not.toBeNull();
  });

  it('of a row that was in a refused group says that an attempt was made, and knows no earlier one of its own', async () => {
    const { asked, ready, marking, now } = askedMemory();
    const [one, two] = inLine(row(1), row(2)) as [OpenRow, OpenRow];
    const last = gather(one, merge);
    Object.assign(last, { attempts: 1, firstTryMonotonicMs: 7, mark });
    ready.put(takeApart(last));
    marking.hasReady('next', now);
    await settle();
    expect(asked).toEqual([{ form: 'f1', earlier: null, wasAttempted: true }]);
    expect(two.attempts).toBe(1);
  });
});
