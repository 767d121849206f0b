import { stringify } from 'csv-stringify/sync';
import type { Reason, RowStatus } from '../../terms/outcome.js';
import { replaceActing, spaced } from '../../text/sanitize.js';

/** One line of the results report. */
export interface RowResult {
  /** Data rows count from 1. */
  readonly rowNumber: number;
  /** The line of the file where the row begins, from 1. */
  readonly lineNumber: number;
  /** Decoded; empty where it cannot be decoded. */
  readonly id: string;
  readonly status: RowStatus;
  readonly httpStatus: number | null;
  /** Over all runs. */
  readonly attempts: number;
  /** From the first try, waits included; 0 where there was none. */
  readonly durationMs: number;
  readonly finishedAtMs: number;
  readonly reason: Reason | null;
}

/** The columns of the report: a public interface. */
export const resultColumns = [
  'row',
  'line',
  'id',
  'status',
  'http_status',
  'attempts',
  'duration_ms',
  'finished_at',
  'reason',
] as const;

/** The report's first line. */
export const resultsHeader = `${resultColumns.join(',')}\n`;

/** How much of a text from outside stands in `reason`, in UTF-16 units. */
const reasonTextMax = 200;

/** What a spreadsheet would calculate; `+49170…`, `-5` and `-Ab-c_d` are ids, and can do nothing. */
const formula = /^\s*(?:[=@＝＠]|[+\-＋－](?![\w.-]*$))/;

const needsQuotes = /[",]/;

/**
 * An id's cell: control characters stand percent-encoded (`%0A`), and an id that a spreadsheet would take for a formula
 * has an apostrophe before it. Every other id stands as it is: always one of letters, digits, `_`, `.` and `-`,
 * on which `ResultLines` relies.
 */
export function idCell(id: string): string {
  const oneLine = replaceActing(id, encodeURIComponent);
  return csvCell(formula.test(oneLine) ? `'${oneLine}` : oneLine);
}

/**
 * A reason's cell: runs of control characters become a space, and the text is cut to 200 characters. It begins with the
 * code, so it is never a formula.
 */
export function reasonCell(reason: Reason | null): string {
  if (reason === null) return '';
  if (reason.text === null) return reason.code;
  const text = cutText(spaced(reason.text));
  return text === '' ? reason.code : csvCell(`${reason.code}: ${text}`);
}

/** Never between the halves of a surrogate pair. */
function cutText(text: string): string {
  if (text.length <= reasonTextMax) return text;
  const cut = text.slice(0, reasonTextMax);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

function csvCell(cell: string): string {
  return needsQuotes.test(cell) ? stringify([[cell]], { eof: false }) : cell;
}
