import type { CapView } from '../../platform/ports.js';
import type { RowStatus } from '../../terms/outcome.js';
import { rowStatuses } from '../../terms/outcome.js';
import type { Stretch, StretchAttempts } from '../figures/tally.js';
import { dayMs, type TimeSeries } from '../figures/time-series.js';

/** A chart as the page's script draws it (browser-script.ts): figures and names alone, nothing from outside. */
export interface Chart {
  /** The id of the element that it is drawn into. */
  readonly mount: string;
  /** `area`: stacked, the first at the bottom. `log`: lines over a logarithmic scale of milliseconds. `bars`: bars, and lines over them. */
  readonly kind: 'area' | 'log' | 'bars';
  /** Starts of the stretches in Unix seconds, and the end of the last. */
  readonly xSeconds: readonly number[];
  readonly series: readonly Series[];
}

export interface Series {
  readonly label: string;
  /** A custom property of the page's style. */
  readonly colour: string;
  readonly shape: 'fill' | 'line' | 'dashed' | 'dotted';
  /** As long as `xSeconds`. */
  readonly values: readonly (number | null)[];
}

/** Under two stretches there is nothing to see: the tables say it. */
const stretchesMin = 2;

/** A limit that is further off than this many times the highest bar would press the bars flat. */
const limitTimesHighestMax = 4;

function startsAndEnd(points: readonly { readonly startMs: number }[], widthMs: number): number[] {
  const starts = points.map(({ startMs }) => startMs / 1000);
  return [...starts, (starts.at(-1) ?? 0) + widthMs / 1000];
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** Rows that ended in each stretch, by outcome; `null` where there are too few stretches to see anything. */
export function rowsChart(
  mount: string,
  stretches: TimeSeries<Stretch>,
  isShown: (status: RowStatus) => boolean,
): Chart | null {
  const points = stretches.dense();
  const statuses = rowStatuses.filter(
    (status) => isShown(status) && points.some((at) => (at.bucket?.rows[status] ?? 0) > 0),
  );
  if (points.length < stretchesMin || statuses.length === 0) return null;
  return {
    mount,
    kind: 'area',
    xSeconds: startsAndEnd(points, stretches.widthMs),
    series: statuses.map((status) => ({
      label: status,
      colour: `--${status}`,
      shape: 'fill',
      values: [...points.map(({ bucket }) => bucket?.rows[status] ?? 0), 0],
    })),
  };
}

/** The percentiles that are shown, of the time from a row's first attempt to its end. */
export const percentiles = [
  { label: 'p50', share: 0.5, colour: '--p50', shape: 'line' },
  { label: 'p95', share: 0.95, colour: '--p95', shape: 'dashed' },
  { label: 'p99', share: 0.99, colour: '--p99', shape: 'dotted' },
] as const;

export function repliesChart(mount: string, stretches: TimeSeries<Stretch>): Chart | null {
  const points = stretches.dense();
  if (points.filter(({ bucket }) => (bucket?.durations.count ?? 0) > 0).length < stretchesMin) return null;
  return {
    mount,
    kind: 'log',
    xSeconds: startsAndEnd(points, stretches.widthMs),
    series: percentiles.map(({ label, share, colour, shape }) => ({
      label,
      colour,
      shape,
      values: untilEnd(points.map(({ bucket }) => roundedOrNull(bucket?.durations.quantileMs(share) ?? null))),
    })),
  };
}

/** A line is drawn to the end of its last stretch. */
function untilEnd(values: readonly (number | null)[]): (number | null)[] {
  return [...values, values.at(-1) ?? null];
}

/** A logarithmic scale has no 0. */
function roundedOrNull(durationMs: number | null): number | null {
  return durationMs === null ? null : rounded(Math.max(1, durationMs));
}

/** Attempts in the 24 hours up to the end of each stretch; `null` where 24 hours are no whole number of stretches. */
export function inRollingDay(hours: TimeSeries<StretchAttempts>): number[] | null {
  const stretchCount = dayMs / hours.widthMs;
  if (!Number.isInteger(stretchCount)) return null;
  const attempts = hours.dense().map(({ bucket }) => bucket?.attemptCount ?? 0);
  let sum = 0;
  return attempts.map((attemptCount, index) => {
    sum += attemptCount - (attempts[index - stretchCount] ?? 0);
    return sum;
  });
}

export function attemptsChart(mount: string, hours: TimeSeries<StretchAttempts>, cap: CapView | null): Chart | null {
  const points = hours.dense();
  if (points.length < stretchesMin) return null;
  const attempts = points.map(({ bucket }) => bucket?.attemptCount ?? 0);
  const rolling = inRollingDay(hours);
  const highest = Math.max(...attempts, ...(rolling ?? []));
  const series: Series[] = [{ label: 'attempts', colour: '--submitted', shape: 'fill', values: [...attempts, null] }];
  if (rolling !== null) {
    series.push({
      label: 'in the 24 hours before',
      colour: '--p95',
      shape: 'line',
      values: untilEnd(rolling),
    });
  }
  if (cap !== null && cap.limit <= highest * limitTimesHighestMax) {
    series.push({
      label: 'the cap',
      colour: '--p99',
      shape: 'dashed',
      values: untilEnd(attempts.map(() => cap.limit)),
    });
  }
  return { mount, kind: 'bars', xSeconds: startsAndEnd(points, hours.widthMs), series };
}
