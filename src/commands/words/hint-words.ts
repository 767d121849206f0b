import { type Hint, hintMeanings } from '../../hints/codes.js';
import { columnLines } from '../../text/columns.js';
import { grouped } from '../../text/numbers.js';

/** Hints in words for a person: lines and counts, never a cell's text. Pure. */
export function hintLines(hints: readonly Hint[], columns: number): string[] {
  if (hints.length === 0) return [];
  const lines = columnLines(
    hints.map(({ code, count, example_line }) => {
      const place = `${count > 1 ? 'first on line' : 'line'} ${grouped(example_line)}`;
      return [`  ${grouped(count)}`, code, `${place}: ${hintMeanings[code]}`];
    }),
    ['right', 'left', 'left'],
    columns,
  );
  return ['Worth a look:', ...lines];
}
