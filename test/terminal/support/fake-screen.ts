import type { Screen } from '../../../src/terminal/screen.js';

/** A screen that keeps what is written. `terminalLines` is what a terminal would show of it. */
export interface FakeScreen extends Screen {
  readonly written: () => string;
  resize(columns: number): void;
}

export function fakeScreen(
  given: Partial<Pick<Screen, 'isTerminal' | 'hasColor' | 'isUtf8' | 'columns'>> = {},
): FakeScreen {
  let written = '';
  let columns = given.columns ?? 80;
  const onResize = new Set<() => void>();
  return {
    isTerminal: given.isTerminal ?? false,
    hasColor: given.hasColor ?? false,
    isUtf8: given.isUtf8 ?? true,
    get columns() {
      return columns;
    },
    write(text) {
      written += text;
    },
    onResize(run) {
      onResize.add(run);
      return () => onResize.delete(run);
    },
    written: () => written,
    resize(to) {
      columns = to;
      for (const run of onResize) run();
    },
  };
}

/** What stands on a terminal's lines after all this: cursor to the start, erasing, cursor up, line ends. */
export function terminalLines(written: string): string[] {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  for (const [token] of written
    .replaceAll(/\u001b\[\?7[lh]/g, '')
    .matchAll(/\u001b\[(\d*)([A-Za-z])|\r|\n|[^\u001b\r\n]+/g)) {
    const line = lines[row] ?? '';
    if (token === '\r' || token === '\u001b[1G') column = 0;
    else if (token === '\n') {
      row += 1;
      column = 0;
      if (lines.length <= row) lines.push('');
    } else if (token === '\u001b[0K' || token === '\u001b[K') lines[row] = line.slice(0, column);
    else if (token === '\u001b[2K') lines[row] = '';
    else if (token === '\u001b[0J' || token === '\u001b[J') {
      lines[row] = line.slice(0, column);
      lines.length = row + 1;
    } else if (/^\u001b\[\d+A$/.test(token)) row = Math.max(0, row - Number(token.slice(2, -1)));
    else if (token.startsWith('\u001b'))
      throw new Error(`a sequence that this terminal does not know: ${JSON.stringify(token)}`);
    else {
      lines[row] = line.slice(0, column).padEnd(column) + token + line.slice(column + token.length);
      column += token.length;
    }
  }
  return lines;
}
