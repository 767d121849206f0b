import type { LogFormat } from '../../terminal/progress/log-line.js';
import type { Screen } from '../../terminal/screen.js';
import { type ExitStatus, exitStatus } from '../../terms/exit-status.js';

/**
 * Where a call's words go. With --quiet they are withheld until the exit status is known, and printed only where
 * somebody has to read them.
 *
 * States: open (words pass) → withholding (`beQuiet`) → open again (`finish`). Withheld words keep their order over both
 * screens. What is withheld stays under 1 MB: of more than that the last is kept, because the end says why.
 */

const withheldCharactersMax = 1_000_000;

export interface OutputOptions {
  /** `withhold`: until the end. `warnings`: for a verb that stays; its reporters leave out what is less. */
  readonly quiet: 'withhold' | 'warnings' | null;
  /** The result goes to standard output whatever happens. */
  readonly isJson: boolean;
  readonly logFormat: LogFormat;
}

interface Withheld {
  readonly screen: Screen;
  readonly text: string;
}

export class Output {
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly #realStderr: Screen;
  #options: OutputOptions = { quiet: null, isJson: false, logFormat: 'text' };
  #withheld: Withheld[] | null = null;
  #withheldCharacters = 0;
  #isCut = false;

  constructor(stdout: Screen, stderr: Screen) {
    this.#realStderr = stderr;
    this.stdout = this.#wrapped(stdout, () => this.#options.isJson);
    this.stderr = this.#wrapped(stderr, () => false);
  }

  get options(): OutputOptions {
    return this.#options;
  }

  set(options: OutputOptions): void {
    this.#options = options;
    if (options.quiet === 'withhold') this.#withheld ??= [];
  }

  /** What is told whatever --quiet says. */
  urgent(text: string): void {
    this.#realStderr.write(text);
  }

  /** 0, and 75 (another run is at work), need no attention: nothing is printed. Any other status is told in full. */
  finish(status: ExitStatus): void {
    const withheld = this.#withheld ?? [];
    this.#withheld = null;
    if (status === exitStatus.done || status === exitStatus.busy) return;
    if (this.#isCut) this.#realStderr.write('(--quiet: earlier lines were left out, because they were over 1 MB)\n');
    for (const { screen, text } of withheld) screen.write(text);
  }

  #wrapped(screen: Screen, passes: () => boolean): Screen {
    return {
      isTerminal: screen.isTerminal,
      hasColor: screen.hasColor,
      isUtf8: screen.isUtf8,
      get columns() {
        return screen.columns;
      },
      write: (text) => {
        if (this.#withheld === null || passes()) screen.write(text);
        else this.#withhold(this.#withheld, { screen, text: text.slice(-withheldCharactersMax) });
      },
      onResize: (run) => screen.onResize(run),
    };
  }

  #withhold(withheld: Withheld[], one: Withheld): void {
    withheld.push(one);
    this.#withheldCharacters += one.text.length;
    while (this.#withheldCharacters > withheldCharactersMax) {
      this.#withheldCharacters -= withheld.shift()?.text.length ?? 0;
      this.#isCut = true;
    }
  }
}
