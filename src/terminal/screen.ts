import type { Cancel } from '../platform/ports.js';

/** What the program writes on: standard output or standard error, and what it can show. */
export interface Screen {
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
  /** Whether block characters and the like come out right. */
  readonly isUtf8: boolean;
  /** 80 where it is not a terminal. Changes when a window is resized. */
  readonly columns: number;
  write(text: string): void;
  onResize(run: () => void): Cancel;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `FORCE_COLOR` (https://force-color.org; `0` or `false` is no) before `NO_COLOR` (https://no-color.org: any text), as
 * Node.js has it; else colour is for terminals that are not dumb.
 */
export function wantsColor(environment: Environment, isTerminal: boolean): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = environment;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (no !== undefined && no !== '') return false;
  return isTerminal && term !== 'dumb';
}

/** POSIX: the first of these that is set and not empty says the encoding. */
export function isUtf8Locale({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
}

/** What a `Screen` needs of `process.stdout` and `process.stderr`. */
export interface ScreenStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
  on(event: 'resize', run: () => void): unknown;
  off(event: 'resize', run: () => void): unknown;
}

export function streamScreen(stream: ScreenStream, environment: Environment): Screen {
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    hasColor: wantsColor(environment, isTerminal),
    isUtf8: isUtf8Locale(environment),
    get columns() {
      return stream.columns !== undefined && stream.columns > 0 ? stream.columns : 80;
    },
    write(text) {
      stream.write(text);
    },
    onResize(run) {
      stream.on('resize', run);
      return () => stream.off('resize', run);
    },
  };
}

const styles = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const;

export type Style = keyof typeof styles;

/** ECMA-48 SGR, where the screen takes colour. */
export function styled(screen: Pick<Screen, 'hasColor'>, style: Style, text: string): string {
  const [on, off] = styles[style];
  return screen.hasColor ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}
