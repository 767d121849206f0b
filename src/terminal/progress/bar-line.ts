import { grouped } from '../../text/numbers.js';
import { counted, duration, localTime, percent, rate } from '../../text/words.js';
import { type Screen, type Style, styled } from '../screen.js';
import type { Hold, RunView } from './run-view.js';

/** The one line of a progress bar, made to fit. Pure. */

/** A piece of the line and how it is shown; width is counted in `text`, which is plain and narrow. */
export interface Piece {
  readonly text: string;
  readonly style?: Style;
}

/** One way to fill the line, the bar at least so wide; 0: no bar. */
export interface Layout {
  readonly barColumnsMin: number;
  readonly pieces: readonly Piece[];
}

const barColumnsMax = 40;
const gap = '  ';

/** The first layout that fits into `columns`, its share first and the bar as wide as there is room for. */
export function barLine(
  share: number,
  layouts: readonly Layout[],
  screen: Pick<Screen, 'columns' | 'hasColor' | 'isUtf8'>,
): string {
  // Room stays for the ^C that a terminal writes where the cursor stands.
  const columns = Math.max(1, screen.columns - 3);
  const shareText = percent(share).padStart(5);
  for (const { barColumnsMin, pieces } of layouts) {
    const textColumns = pieces.reduce((sum, { text }) => sum + gap.length + text.length, shareText.length);
    const barColumns = Math.min(barColumnsMax, columns - textColumns - 3);
    if (barColumnsMin === 0 ? textColumns > columns : barColumns < barColumnsMin) continue;
    const bar = barColumnsMin === 0 ? '' : ` ${drawnBar(share, barColumns, screen)}`;
    const shown = pieces.map(({ text, style }) => gap + (style === undefined ? text : styled(screen, style, text)));
    return shareText + bar + shown.join('');
  }
  return shareText.slice(0, columns);
}

function drawnBar(share: number, columns: number, screen: Pick<Screen, 'hasColor' | 'isUtf8'>): string {
  const filled = Math.floor(share * columns);
  const [left, full, empty, right] = screen.isUtf8 ? ['▕', '█', '░', '▏'] : ['[', '#', '.', ']'];
  const inside =
    styled(screen, 'green', `${full}`.repeat(filled)) + styled(screen, 'dim', `${empty}`.repeat(columns - filled));
  return `${left}${inside}${right}`;
}

/** From the longest to the shortest: at 140 columns all of it, at 60 what matters, below that what fits. */
export function runLayouts(view: RunView, timeZone?: string): Layout[] {
  return view.hold === null ? movingLayouts(view) : heldLayouts(view, view.hold, timeZone);
}

function movingLayouts(view: RunView): Layout[] {
  const speed = view.rowsPerSecond === null ? null : rate(view.rowsPerSecond);
  const left = view.timeLeftMs === null ? null : duration(view.timeLeftMs);
  const rejectedStyle: { style?: Style } = view.rejectedCount > 0 ? { style: 'red' } : {};
  const submitted = piece(`${grouped(view.submittedCount)} submitted`);
  const rejected = [{ text: `${grouped(view.rejectedCount)} not sent`, ...rejectedStyle }];
  const cap = percent(view.capUsedShare);
  const quiet = view.quietCount === 0 ? [] : piece(`${grouped(view.quietCount)} nothing to send`);
  const shortLeft = piece(left === null ? null : `${left} left`);
  const shortSpeed = piece(speed === null ? null : `${speed}/s`);
  const shortSubmitted = piece(`${grouped(view.submittedCount)} ok`);
  return [
    {
      barColumnsMin: 20,
      pieces: [
        ...piece(speed === null ? null : `${speed} rows/s`),
        ...submitted,
        ...rejected,
        ...quiet,
        ...piece(`cap ${cap} used`),
        ...shortLeft,
      ],
    },
    { barColumnsMin: 10, pieces: [...shortSpeed, ...submitted, ...rejected, ...piece(`cap ${cap}`), ...shortLeft] },
    { barColumnsMin: 5, pieces: [...shortSpeed, ...shortSubmitted, ...rejected, ...piece(`cap ${cap}`), ...shortLeft] },
    {
      barColumnsMin: 0,
      pieces: [...shortSpeed, ...shortSubmitted, ...rejected, ...piece(`cap ${cap}`), ...piece(left)],
    },
    { barColumnsMin: 5, pieces: [...shortSubmitted, ...rejected, ...shortLeft] },
    { barColumnsMin: 0, pieces: [...shortSubmitted, ...rejected, ...shortLeft] },
    { barColumnsMin: 0, pieces: [...shortSubmitted, ...rejected] },
    { barColumnsMin: 0, pieces: view.rejectedCount > 0 ? rejected : shortSubmitted },
  ];
}

/** Why no attempt leaves, in few words and in fewer. */
const heldWords: Readonly<Record<string, readonly [string, string]>> = {
  cap: ['cap used up', 'cap'],
  throttled: ['the server asks for a pause', 'paused'],
  outage: ['no good answers, probing', 'no answers'],
  disk: ['results cannot be written', 'disk'],
  token: ['the token was refused, reading it again', 'token'],
};

function heldLayouts(view: RunView, hold: Hold, timeZone?: string): Layout[] {
  const [long, short] = heldWords[hold.cause] ?? ['waiting', 'waiting'];
  const since = `since ${localTime(hold.sinceWallMs, view.wallMs, timeZone)}`;
  const until = untilWords(hold, view.wallMs, timeZone);
  const untilMs = hold.untilWallMs;
  const isShort = untilMs === null || hold.cause === 'outage';
  const still = isShort ? '' : ` (${duration(Math.max(0, untilMs - view.wallMs))})`;
  const left = view.rowsLeft === null ? [] : piece(`${counted(view.rowsLeft, 'row')} left`);
  const held = (text: string): Piece => ({ text, style: 'yellow' });
  const long140 = until === null ? `${long} ${since}` : `${long} ${since}, ${until}${still}`;
  return [
    { barColumnsMin: 10, pieces: [held(long140), ...left] },
    { barColumnsMin: 8, pieces: [held(`${long}, ${until ?? since}`), ...left] },
    { barColumnsMin: 5, pieces: [held(`${short}: ${until ?? since}`), ...left] },
    { barColumnsMin: 0, pieces: [held(`${short}: ${until ?? since}`)] },
    { barColumnsMin: 0, pieces: [held(until ?? since)] },
  ];
}

/** In an outage one row is sent at that time, to see whether it is over. */
function untilWords({ cause, untilWallMs }: Hold, nowMs: number, timeZone?: string): string | null {
  if (untilWallMs === null) return null;
  if (cause !== 'outage') return `until ${localTime(untilWallMs, nowMs, timeZone)}`;
  return `next attempt ${untilWallMs <= nowMs ? 'now' : `in ${duration(Math.max(1000, untilWallMs - nowMs))}`}`;
}

function piece(text: string | null): Piece[] {
  return text === null ? [] : [{ text }];
}
