import { Writable } from 'node:stream';
import type { MultiBar as MultiBarClass } from 'cli-progress';
import type { Cancel } from '../../platform/ports.js';
import type { Screen } from '../screen.js';

/**
 * A progress bar on a terminal's last line. cli-progress draws it; what it says is asked for at each drawing.
 *
 * Invariants: between drawings the cursor stands behind the bar; a line that is said goes above it; after `stop`
 * nothing of it is left. Terminal settings are as they were after each write, so a killed process leaves none behind.
 */
export interface Bar {
  /** Writes a line (its end is added) above the bar. */
  say(line: string): void;
  stop(): void;
}

const drawingsPerSecond = 5;
// ECMA-48 SGR: takes no room on the line.
const sgr = /\u001b\[[0-9;]*m/g;

// DECAWM: a window may be narrower by now than it has told; the line is then cut, not broken into two.
const wrapOff = '\u001b[?7l';
const wrapOn = '\u001b[?7h';

/** `line` makes what is drawn, SGR sequences and all, no wider than the screen. */
export type StartBar = (screen: Screen, line: () => string) => Bar;

/** cli-progress is not loaded before a bar is wanted. */
export async function loadBar(): Promise<StartBar> {
  const { default: cliProgress } = await import('cli-progress');
  return (screen, line) => startBar(cliProgress.MultiBar, screen, line);
}

function startBar(MultiBar: typeof MultiBarClass, screen: Screen, line: () => string): Bar {
  let drawnColumns = 0;
  const multiBar = new MultiBar({
    stream: terminalStream(screen),
    fps: drawingsPerSecond,
    linewrap: true, // leave it as it is: the line is made to fit
    clearOnComplete: true,
    forceRedraw: true, // after a line was said the bar's own is gone, though its text is the same
    format: () => {
      const drawn = line();
      drawnColumns = drawn.replace(sgr, '').length;
      return wrapOff + drawn + wrapOn;
    },
  });
  multiBar.create(1, 0);
  multiBar.update();
  const cancelResize: Cancel = screen.onResize(() => {
    // A narrower window has broken the line into several: remove them all; the next drawing fits.
    const brokenLines = Math.max(0, Math.ceil(drawnColumns / screen.columns) - 1);
    if (brokenLines > 0) screen.write(`\u001b[${brokenLines}A`);
    screen.write('\r\u001b[J');
    drawnColumns = 0;
  });
  return {
    say(text) {
      multiBar.log(`${text}\n`);
      multiBar.update();
    },
    stop() {
      cancelResize();
      multiBar.stop();
    },
  };
}

/** What cli-progress takes for a terminal: so wide that it cuts nothing, for it would count colours as text. */
function terminalStream(screen: Screen): NodeJS.WritableStream {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      screen.write(String(chunk));
      done();
    },
  });
  return Object.assign(stream, { isTTY: true, columns: 10_000 });
}
