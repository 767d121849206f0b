/** Columns of text, each as wide as its widest cell. Cells are plain: no colours, no control characters. */

export type Alignment = 'left' | 'right';

const gap = '  ';
/** With less room than this beside the other columns, the last one goes below them. */
const roomMin = 24;

/**
 * One line a row; the last column is not padded. With `columns` it is folded between words where a line would be wider:
 * under its own beginning, or under the second column where there is too little room beside the others.
 */
export function columnLines(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[],
  columns = Number.POSITIVE_INFINITY,
): string[] {
  const widths = alignments.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, 0);
  const isBelow = columns - before < Math.min(roomMin, widths.at(-1) ?? 0);
  const indent = isBelow ? (widths[0] ?? 0) + gap.length : before;
  return rows.flatMap((row) => {
    const cells = row.slice(0, -1).map((cell, column) => {
      const width = widths[column] ?? 0;
      return alignments[column] === 'right' ? cell.padStart(width) : cell.padEnd(width);
    });
    const last = foldedText(row.at(-1) ?? '', Math.max(1, columns - indent));
    const [beside = '', ...below] = isBelow ? ['', ...last] : last;
    return [[...cells, beside].join(gap).trimEnd(), ...below.map((text) => ' '.repeat(indent) + text)];
  });
}

/** Lines of whole words; a word that is wider than a line has one of its own. */
export function foldedText(text: string, columns: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= columns || line === '') lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
