/** Columns of text, each as wide as its widest cell. Cells are plain: no colours, no control characters. */

export type Alignment = 'left' | 'right';

/** One line a row; the last column is not padded. */
export function columnLines(rows: readonly (readonly string[])[], alignments: readonly Alignment[]): string[] {
  const widths = alignments.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        if (alignments[column] === 'right') return cell.padStart(widths[column] ?? 0);
        return column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0);
      })
      .join('  ')
      .trimEnd(),
  );
}
