/** Figures of one kind, from several runs: median, least, most. */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1), count: sorted.length };
}

/** Of pairs, as many as both have: each figure by its own reference, since absolute figures move from run to run. */
export function ratios(values, references) {
  return spread(values.slice(0, references.length).map((value, at) => value / references[at]));
}

/**
 * One line of the table.
 * @typedef {{case: string, what: string, unit: string, median: number, min: number, max: number, count: number, goal?: string, isReached?: boolean}} Figure
 */

/** @param {{atLeast?: number, atMost?: number}} [goal] judged by the median @returns {Figure} */
export function figure(caseName, what, unit, found, goal = {}) {
  const line = { case: caseName, what, unit, ...found };
  if (goal.atLeast !== undefined) {
    return { ...line, goal: `≥ ${goal.atLeast}`, isReached: found.median >= goal.atLeast };
  }
  if (goal.atMost !== undefined) return { ...line, goal: `≤ ${goal.atMost}`, isReached: found.median <= goal.atMost };
  return line;
}

function shown(value) {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(size >= 0.1 ? 3 : 4);
}

/** @param {readonly Figure[]} figures */
export function table(figures) {
  const head = ['case', 'what', 'median', 'min', 'max', 'unit', 'goal', ''];
  const lines = figures.map((each) => [
    each.case,
    each.what,
    shown(each.median),
    shown(each.min),
    shown(each.max),
    each.unit,
    each.goal ?? '',
    each.isReached === undefined ? '' : each.isReached ? 'reached' : 'NOT REACHED',
  ]);
  const widths = head.map((cell, at) => Math.max(cell.length, ...lines.map((line) => line[at].length)));
  const isNumber = (at) => at >= 2 && at <= 4;
  const text = (line) =>
    line
      .map((cell, at) => (isNumber(at) ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
      .join('  ')
      .trimEnd();
  return `${[text(head), ...lines.map(text)].join('\n')}\n`;
}
