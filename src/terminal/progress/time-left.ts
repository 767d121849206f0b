/** How long a run will still take, with its waits. Pure. An estimate; `null` if there is nothing to estimate from. */

/** Where a run stands, for an estimate. */
export interface Standing {
  readonly nowMs: number;
  /** Of the file's own bytes. */
  readonly readBytes: number;
  readonly sizeBytes: number;
  /** Rows that have ended, of the whole job. */
  readonly endedRowCount: number;
  /** Rows that have been read, of the whole job: reading runs ahead. */
  readonly readRowCount: number;
  /** Attempts over the whole job. */
  readonly tryCount: number;
  /** Of this run. */
  readonly elapsedMs: number;
  /** While nothing holds; `null`: not known yet. */
  readonly rowsPerSecond: number | null;
  /** When what holds the run ends; `null`: nothing holds it, or nobody knows. */
  readonly holdUntilMs: number | null;
  readonly cap: { readonly limit: number; readonly left: number; readonly nextFreeAtMs: number | null };
}

const dayMs = 86_400_000;

type Reading = Pick<Standing, 'readBytes' | 'sizeBytes' | 'endedRowCount' | 'readRowCount'>;

/** How much of the file is done, 0 to 1: its share by bytes that has been read, less what of that has no end yet. */
export function shareDone({ readBytes, sizeBytes, endedRowCount, readRowCount }: Reading): number {
  if (sizeBytes === 0 || readRowCount === 0) return 0;
  return Math.min(1, (readBytes / sizeBytes) * (endedRowCount / readRowCount));
}

/** Rows that have not ended yet, those that have not been read judged by the bytes of those that have. */
export function rowsLeft({ readBytes, sizeBytes, endedRowCount, readRowCount }: Reading): number | null {
  if (readRowCount === 0 || readBytes <= 0) return null;
  const unreadBytes = Math.max(0, sizeBytes - readBytes);
  return Math.max(0, readRowCount - endedRowCount) + Math.round((unreadBytes * readRowCount) / readBytes);
}

/** Milliseconds until the last row has ended. */
export function timeLeftMs(at: Standing): number | null {
  const rowCount = rowsLeft(at);
  if (rowCount === null || at.rowsPerSecond === null || at.rowsPerSecond <= 0) return null;
  const holdMs = at.holdUntilMs === null ? 0 : Math.max(0, at.holdUntilMs - at.nowMs);
  const sendingMs = (rowCount / at.rowsPerSecond) * 1000;
  // Rows without a value, and unchanged ones, cost nothing of the cap; retries cost more than one.
  const attemptsPerRow = at.endedRowCount === 0 ? 1 : at.tryCount / at.endedRowCount;
  const attemptsPerDay = at.rowsPerSecond * attemptsPerRow * (dayMs / 1000);
  const overCap = rowCount * attemptsPerRow - at.cap.left;
  if (overCap <= 0 || attemptsPerDay <= at.cap.limit || at.cap.limit <= 0) return holdMs + sendingMs;

  // More than the cap has left. What was used comes free a day after it was used, in the order in which it was used:
  // so each further cap's worth begins a day after the one before, and the last part of it takes as long as it did.
  const fullCaps = Math.ceil(overCap / at.cap.limit) - 1;
  const lastPart = overCap - fullCaps * at.cap.limit;
  const firstFreeMs = at.cap.nextFreeAtMs === null ? dayMs - at.elapsedMs : at.cap.nextFreeAtMs - at.nowMs;
  const waitMs = Math.max(0, firstFreeMs, (at.cap.left / attemptsPerDay) * dayMs);
  return waitMs + fullCaps * dayMs + (lastPart / attemptsPerDay) * dayMs;
}
