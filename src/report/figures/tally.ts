import { type RowResult, shownId } from '../../job/results/result.js';
import { isRejected, type ReasonCode, type RowStatus, rowStatuses } from '../../terms/outcome.js';
import { Durations } from './durations.js';
import { RejectedRows, type Room } from './rejected-rows.js';
import { hourMs, TimeSeries } from './time-series.js';

/** Enough points for a screen's width; what is counted in one of them takes some 2.5 KB. */
const bucketsMax = 360;
/** Attempts of one row above which rows are no longer told apart: the probes of an outage can be hundreds. */
export const attemptsApartMax = 1_000;
const examplesMax = 3;
/** The longest id that Target takes; a longer one makes its row invalid and can be as long as a record of the file, 1 MB. */
const idCharactersMax = 256;

function noRows(): Record<RowStatus, number> {
  return { submitted: 0, skipped: 0, unchanged: 0, invalid: 0, refused: 0, failed: 0 };
}

/** What ended in a stretch of time. */
export class Stretch {
  readonly rows = noRows();
  /** Of the rows with at least one attempt. */
  readonly durations = new Durations();

  rowCount(): number {
    return rowStatuses.reduce((sum, status) => sum + this.rows[status], 0);
  }

  merge(from: Stretch): void {
    for (const status of rowStatuses) this.rows[status] += from.rows[status];
    this.durations.addAll(from.durations);
  }
}

/** Attempts of the rows that ended in a stretch of time. */
export class StretchAttempts {
  attemptCount = 0;

  merge(from: StretchAttempts): void {
    this.attemptCount += from.attemptCount;
  }
}

export interface ReasonTally {
  readonly status: RowStatus;
  readonly code: ReasonCode;
  rowCount: number;
  /** The first few rows that ended so. */
  readonly examples: { readonly rowNumber: number; readonly lineNumber: number }[];
  /** The first few different texts that came with it. */
  readonly texts: string[];
}

/**
 * What a page says of a job's results, counted row by row: however many rows are added, its memory is bounded by the
 * buckets, the reasons that there are, and the room for rows that did not go through.
 */
export class ReportTally {
  readonly rows = noRows();
  rowCount = 0;
  attemptCount = 0;
  firstEndedMs = Number.POSITIVE_INFINITY;
  lastEndedMs = Number.NEGATIVE_INFINITY;
  readonly stretches = new TimeSeries(() => new Stretch(), bucketsMax);
  readonly hours = new TimeSeries(() => new StretchAttempts(), bucketsMax, hourMs);
  /** Of all rows with at least one attempt. */
  readonly durations = new Durations();
  /** Of the rows that ended with their first attempt: no pause between attempts is in these. */
  readonly oneAttemptDurations = new Durations();
  readonly rejected: RejectedRows<RowResult>;
  readonly #rowCountByAttempts = new Map<number, number>();
  readonly #reasons = new Map<string, ReasonTally>();

  /** `sizeOf` says how many bytes a row that did not go through takes on the page. */
  constructor(room: Room, sizeOf: (row: RowResult) => number) {
    this.rejected = new RejectedRows(room, sizeOf);
  }

  add(row: RowResult): void {
    this.rowCount += 1;
    this.rows[row.status] += 1;
    this.attemptCount += row.attempts;
    this.firstEndedMs = Math.min(this.firstEndedMs, row.finishedAtMs);
    this.lastEndedMs = Math.max(this.lastEndedMs, row.finishedAtMs);
    const stretch = this.stretches.at(row.finishedAtMs);
    stretch.rows[row.status] += 1;
    const attempts = Math.min(row.attempts, attemptsApartMax);
    this.#rowCountByAttempts.set(attempts, (this.#rowCountByAttempts.get(attempts) ?? 0) + 1);
    if (row.attempts > 0) {
      this.hours.at(row.finishedAtMs).attemptCount += row.attempts;
      stretch.durations.add(row.durationMs);
      this.durations.add(row.durationMs);
      if (row.attempts === 1) this.oneAttemptDurations.add(row.durationMs);
    }
    if (row.reason !== null) this.#addReason(row, row.reason.code, row.reason.text);
    if (isRejected(row.status)) this.rejected.add(row.reason?.code ?? null, { ...row, id: shortened(shownId(row.id)) });
  }

  /** Rows that ended a second, over the stretches in which any row ended; `null`: no row has ended. */
  rowsPerSecond(): number | null {
    if (this.rowCount === 0) return null;
    const busyMs = this.stretches.dense().filter(({ bucket }) => bucket !== null).length * this.stretches.widthMs;
    // In a wide stretch at either end a run may have been at work for a part of it only.
    const spanMs = Math.max(1_000, this.lastEndedMs - this.firstEndedMs);
    return (this.rowCount / Math.min(busyMs, spanMs)) * 1_000;
  }

  /** The most rows that ended in one stretch. */
  busiestStretch(): number {
    return this.stretches.dense().reduce((most, { bucket }) => Math.max(most, bucket?.rowCount() ?? 0), 0);
  }

  /** Rows by how many attempts they took, from the fewest; the last may stand for more (`attemptsApartMax`). */
  rowsByAttempts(): { readonly attempts: number; readonly rowCount: number }[] {
    const found = [...this.#rowCountByAttempts].map(([attempts, rowCount]) => ({ attempts, rowCount }));
    return found.sort((one, other) => one.attempts - other.attempts);
  }

  /** The most frequent first, what was not sent before what was. */
  reasons(): readonly ReasonTally[] {
    return [...this.#reasons.values()].sort(
      (one, other) =>
        Number(isRejected(other.status)) - Number(isRejected(one.status)) || other.rowCount - one.rowCount,
    );
  }

  #addReason(row: RowResult, code: ReasonCode, text: string | null): void {
    const key = `${row.status} ${code}`;
    let reason = this.#reasons.get(key);
    if (reason === undefined) {
      reason = { status: row.status, code, rowCount: 0, examples: [], texts: [] };
      this.#reasons.set(key, reason);
    }
    reason.rowCount += 1;
    if (reason.examples.length < examplesMax) {
      reason.examples.push({ rowNumber: row.rowNumber, lineNumber: row.lineNumber });
    }
    if (text !== null && reason.texts.length < examplesMax && !reason.texts.includes(text)) reason.texts.push(text);
  }
}

/** A copy, because a slice would keep the whole of a long id in memory. */
function shortened(id: string): string {
  if (id.length <= idCharactersMax) return id;
  return Buffer.from(`${id.slice(0, idCharactersMax)}…`).toString();
}
