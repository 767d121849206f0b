import { type RowResult, shownId } from '../../job/results/result.js';
import { isRejected, type ReasonCode, type RowStatus, rowStatuses } from '../../terms/outcome.js';
import { Durations } from './durations.js';
import { RejectedRows, type Room } from './rejected-rows.js';
import { hourMs, TimeSeries } from './time-series.js';

/** Enough points for a screen's width; what is counted in one of them takes some 2.5 KB. */
const bucketsMax = 360;
/** Tries of one row above which rows are no longer told apart: the probes of an outage can be hundreds. */
export const triesApartMax = 1_000;
const examplesMax = 3;
/** The longest id that Target takes; a longer one makes its row invalid and can be as long as a record of the file, 1 MB. */
const idCharactersMax = 256;

function noRows(): Record<RowStatus, number> {
  return { submitted: 0, skipped: 0, unchanged: 0, invalid: 0, refused: 0, failed: 0 };
}

/** What ended in a stretch of time. */
export class Stretch {
  readonly rows = noRows();
  /** Of the rows of which at least one try was made. */
  readonly durations = new Durations();

  merge(from: Stretch): void {
    for (const status of rowStatuses) this.rows[status] += from.rows[status];
    this.durations.addAll(from.durations);
  }
}

/** Tries of the rows that ended in a stretch of time. */
export class StretchTries {
  tryCount = 0;

  merge(from: StretchTries): void {
    this.tryCount += from.tryCount;
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
  tryCount = 0;
  firstEndedMs = Number.POSITIVE_INFINITY;
  lastEndedMs = Number.NEGATIVE_INFINITY;
  readonly stretches = new TimeSeries(() => new Stretch(), bucketsMax);
  readonly hours = new TimeSeries(() => new StretchTries(), bucketsMax, hourMs);
  /** Of all rows of which at least one try was made. */
  readonly durations = new Durations();
  /** Of the rows that ended with their first try: no pause between tries is in these. */
  readonly oneTryDurations = new Durations();
  readonly rejected: RejectedRows<RowResult>;
  readonly #rowCountByTries = new Map<number, number>();
  readonly #reasons = new Map<string, ReasonTally>();

  /** `sizeOf` says how many bytes a row that did not go through takes on the page. */
  constructor(room: Room, sizeOf: (row: RowResult) => number) {
    this.rejected = new RejectedRows(room, sizeOf);
  }

  add(row: RowResult): void {
    this.rowCount += 1;
    this.rows[row.status] += 1;
    this.tryCount += row.attempts;
    this.firstEndedMs = Math.min(this.firstEndedMs, row.finishedAtMs);
    this.lastEndedMs = Math.max(this.lastEndedMs, row.finishedAtMs);
    const stretch = this.stretches.at(row.finishedAtMs);
    stretch.rows[row.status] += 1;
    const tries = Math.min(row.attempts, triesApartMax);
    this.#rowCountByTries.set(tries, (this.#rowCountByTries.get(tries) ?? 0) + 1);
    if (row.attempts > 0) {
      this.hours.at(row.finishedAtMs).tryCount += row.attempts;
      stretch.durations.add(row.durationMs);
      this.durations.add(row.durationMs);
      if (row.attempts === 1) this.oneTryDurations.add(row.durationMs);
    }
    if (row.reason !== null) this.#addReason(row, row.reason.code, row.reason.text);
    if (isRejected(row.status)) this.rejected.add(row.reason?.code ?? null, { ...row, id: shortened(shownId(row.id)) });
  }

  /** Rows by how many tries they took, from the fewest; the last may stand for more (`triesApartMax`). */
  rowsByTries(): { readonly tries: number; readonly rowCount: number }[] {
    const found = [...this.#rowCountByTries].map(([tries, rowCount]) => ({ tries, rowCount }));
    return found.sort((one, other) => one.tries - other.tries);
  }

  /** The commonest first, what did not go through before what did. */
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

/** A copy, for a slice would keep the whole of a long id in memory. */
function shortened(id: string): string {
  if (id.length <= idCharactersMax) return id;
  return Buffer.from(`${id.slice(0, idCharactersMax)}…`).toString();
}
