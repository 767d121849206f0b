import type { Reason, RouteName, RowStatus } from '../../terms/outcome.js';
import { actingCharacters, replaceActing, spaced } from '../../text/sanitize.js';

/** One line of the results report. */
export interface RowResult {
  /** Data rows count from 1. */
  readonly rowNumber: number;
  /** The line of the file where the row begins, from 1. */
  readonly lineNumber: number;
  /** Decoded; empty where it cannot be decoded. */
  readonly id: string;
  /** How the row ended. */
  readonly status: RowStatus;
  /** Of the last attempt; `null`: there was none, or no answer came. */
  readonly httpStatus: number | null;
  /** Over all runs. */
  readonly attempts: number;
  /** From the first attempt, waits included; 0 where there was none. */
  readonly durationMs: number;
  /** Unix time in milliseconds. */
  readonly finishedAtMs: number;
  /** Why it is not `submitted`; `null` where it is. */
  readonly reason: Reason | null;
  /** Of the last attempt; `null`: there was none. */
  readonly route: RouteName | null;
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
  'route',
] as const;

/** The report's first line. */
export const resultsHeader = `${resultColumns.join(',')}\n`;

/** How much of a text from outside stands in `reason`, in UTF-16 units. */
const reasonTextMax = 200;

/** What `encodeURIComponent` makes of a character that acts, without its first `%`. */
const encodedActing = `(?:${actingCharacters.map((character) => encodeURIComponent(character).slice(1)).join('|')})`;
const literalEscapes = new RegExp(`%(?=(?:25)*${encodedActing})`, 'g');
const escapes = new RegExp(`%((?:25)*)(${encodedActing})`, 'g');

/**
 * What a spreadsheet would calculate: a cell that begins so, or what stands after a character at which some country's
 * spreadsheet cuts cells, with blanks and quotes before it or not. At a cell's start `+49170…`, `-5` and `-Ab-c_d` are ids
 * and can do nothing. An apostrophe before the sign makes it text.
 */
const blanks = '(?:[^\\S\\t]|["\'])*';
const signAtStart = '(?=[=@＝＠]|[+\\-＋－](?![\\w.-]*$))';
const signAfterCut = '(?=[=@＝＠+\\-＋－])';
const formulas = new RegExp(`^${blanks}${signAtStart}|[;,\\t|]${blanks}${signAfterCut}`, 'g');
const guards = new RegExp(`(^${blanks})'${signAtStart}|([;,\\t|]${blanks})'${signAfterCut}`, 'g');

/**
 * An id's cell: in quotes, on one line (control characters stand percent-encoded, `%0A`), with nothing that a spreadsheet
 * would calculate; `idOfCell` undoes all of it. An id of letters, digits, `_`, `.` and `-` stands as it is, and so does
 * an empty one: on this `ResultLines` relies.
 */
export function idCell(id: string): string {
  return plainId.test(id) ? id : quotedCell(guarded(shownId(id)));
}

const plainId = /^[\w.-]*$/;

/** An id on one line, and harmless on a screen. */
export function shownId(id: string): string {
  const escaped = id.includes('%') ? id.replace(literalEscapes, '%25') : id;
  return replaceActing(escaped, encodeURIComponent);
}

/** The id that stands in a cell, which is without its quotes here. */
export function idOfCell(cell: string): string {
  if (plainId.test(cell)) return cell;
  const text = unguarded(cell);
  if (!text.includes('%')) return text;
  return text.replace(escapes, (_all, extra: string, code: string) =>
    extra === '' ? decodeURIComponent(`%${code}`) : `%${extra.slice('25'.length)}${code}`,
  );
}

/**
 * A reason's cell: with a text it stands in quotes, runs of control characters become a space, the text is cut to 200
 * characters, and nothing in it is calculated. It begins with the code.
 */
export function reasonCell(reason: Reason | null): string {
  if (reason === null) return '';
  if (reason.text === null) return reason.code;
  const text = cutText(spaced(reason.text));
  return text === '' ? reason.code : quotedCell(guarded(`${reason.code}: ${text}`));
}

/** Text with an apostrophe before each sign that a spreadsheet would calculate from. */
function guarded(text: string): string {
  return text.replace(formulas, "$&'");
}

/** What `guarded` was given. */
export function unguarded(text: string): string {
  return text.includes("'") ? text.replace(guards, '$1$2') : text;
}

/** Never between the halves of a surrogate pair. */
function cutText(text: string): string {
  if (text.length <= reasonTextMax) return text;
  const cut = text.slice(0, reasonTextMax);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** RFC 4180, 2.7. */
function quotedCell(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
