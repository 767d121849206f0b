import type { MergeForms } from '../../target-api/merge-forms.js';
import type { RoutedRow } from '../../target-api/routes/route.js';
import type { Reason } from '../../terms/outcome.js';
import type { RowResult } from '../results/result.js';
import type { OpenRow } from './row-window.js';

/**
 * --coalesce: which rows of a visitor go out as one update, and what follows for them. A task of the loop is one row or
 * more, and its last row stands for it: that one is ready, in flight and with health, and it has the attempts.
 *
 * Invariants: the rows of a task are one visitor's and stand one after the other among that visitor's open rows; no
 * attempt of this run was made of a row when it is joined to another; a task that has been attempted keeps its rows
 * until it ends or is taken apart, and rows that were taken apart are never joined again.
 */

type Grouped = Pick<OpenRow, 'group'>;

/** What the update of a row's task holds. */
export function updateForm({ group, form }: Pick<OpenRow, 'group' | 'form'>): string {
  return group === null ? form : group.form;
}

/** The row with what its update holds, for a route. */
export function updateOf(row: OpenRow): RoutedRow {
  return row.group === null ? row : { rowNumber: row.rowNumber, form: row.group.form };
}

/** The rows of the task before the one that stands for it. */
export function earlierRows({ group }: Grouped): readonly OpenRow[] {
  return group === null ? noRows : group.earlierRows;
}

const noRows: readonly OpenRow[] = [];

/** Whether the memory has a mark of all that the task's update holds. */
export function isMarkedWhole({ group }: Grouped): boolean {
  return group === null || group.isMarked;
}

/** Whether an attempt was made of what the row sets, by itself or with others. */
export function wasAttempted({ attempts, firstTryMonotonicMs }: OpenRow): boolean {
  return attempts > 0 || firstTryMonotonicMs !== null;
}

/**
 * Joins the rows that wait behind `row`, whose turn it is, to its task: as many as fit. Returns the row that stands for
 * the task now. Two visitors may wait in one line (`visitorPrint`): no task has rows of both.
 */
export function gather(row: OpenRow, merge: MergeForms): OpenRow {
  if (row.nextOfVisitor === null || row.group?.isFull === true || row.firstTryMonotonicMs !== null) return row;
  const { form, followingCount } = merge(updateForm(row), followingForms(row));
  const rows = [...earlierRows(row)];
  const isMarked = followingCount === 0 && isMarkedWhole(row);
  let last = row;
  for (let count = 0; count < followingCount && last.nextOfVisitor !== null; count += 1) {
    rows.push(last);
    last = handOver(last, last.nextOfVisitor);
  }
  row.group = null;
  last.group = { earlierRows: rows, form, isFull: last.nextOfVisitor !== null, isMarked };
  return last;
}

function* followingForms({ id, nextOfVisitor }: OpenRow): Generator<string, void, void> {
  for (let row = nextOfVisitor; row !== null && row.id === id; row = row.nextOfVisitor) yield row.form;
}

/** The later row stands for both: it has the mark that the memory knows, and what earlier runs attempted. */
function handOver(from: OpenRow, to: OpenRow): OpenRow {
  to.mark = from.mark ?? to.mark;
  to.attempts += from.attempts;
  to.earlierMs = Math.max(to.earlierMs, from.earlierMs);
  if (from.firstTryAtMs !== null) to.firstTryAtMs = Math.min(from.firstTryAtMs, to.firstTryAtMs ?? from.firstTryAtMs);
  from.mark = null;
  from.attempts = 0;
  from.firstTryAtMs = null;
  from.earlierMs = 0;
  return to;
}

/**
 * The update was refused: which of its rows is the cause is not known, so each goes out by itself. Returns the first
 * one; the others wait behind it. The attempts stay with the last one, which has all of
 * its own --retries before it.
 */
export function takeApart(last: OpenRow): OpenRow {
  const rows = [...earlierRows(last), last];
  for (const row of rows) {
    row.firstTryAtMs ??= last.firstTryAtMs;
    row.firstTryMonotonicMs ??= last.firstTryMonotonicMs;
    row.mark = null; // its attempts held other values: to the memory they are another's
  }
  last.countedTries = 0;
  last.group = null;
  return rows[0] ?? last;
}

/**
 * How a row before the last one of a task ended. It has no attempts, which belong to the last one's line, and by that
 * `isOfLaterLine` knows it.
 */
export function earlierResult(row: OpenRow, last: RowResult): RowResult {
  const { rowNumber, lineNumber, id } = row;
  const { status, finishedAtMs, reason, route } = last;
  const own: Reason =
    reason === null
      ? { code: 'coalesced', text: `with row ${last.rowNumber}` }
      : { code: reason.code, text: `coalesced with row ${last.rowNumber}` };
  return {
    rowNumber,
    lineNumber,
    id,
    status,
    httpStatus: null,
    attempts: 0,
    durationMs: 0,
    finishedAtMs,
    reason: own,
    route,
  };
}
