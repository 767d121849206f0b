import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import type { SendEvent, SendSnapshot } from '../job/terms/events.js';
import type { FileEnd } from '../job/terms/file-end.js';
import type { Cancel, Clock } from '../platform/ports.js';
import { systemCode } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { carriedOver, type Metrics, metricsText } from './metrics-text.js';

const writeEveryMs = 15_000;

type Rows = Metrics['rows'];

const noRows: Rows = { submitted: 0, skipped: 0, unchanged: 0, invalid: 0, refused: 0, failed: 0, superseded: 0 };

/**
 * --metrics-file: the file is replaced as a whole, every 15 seconds while at work, as each file ends, and at the end.
 *
 * Invariants: at most one write runs, and the last state is always written in the end. A file that cannot be written is
 * said once and ends nothing.
 */
export class MetricsFile {
  readonly #path: string;
  readonly #clientCode: string;
  readonly #clock: Clock;
  readonly #sayFailure: (message: string) => void;
  readonly #startedMs: number;
  #before: Pick<Metrics, 'lastSuccessMs' | 'exitStatus'> = { lastSuccessMs: null, exitStatus: null };
  #rows = noRows;
  #attempts = 0;
  #cap: Metrics['cap'] = null;
  /** Of the file at work, until its end is told with all its jobs. */
  #current: (() => SendSnapshot) | null = null;
  #cancelNext: Cancel = () => {};
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  private constructor(path: string, clientCode: string, clock: Clock, sayFailure: (message: string) => void) {
    this.#path = path;
    this.#clientCode = clientCode;
    this.#clock = clock;
    this.#sayFailure = sayFailure;
    this.#startedMs = clock.monotonicMs();
  }

  static async open(
    path: string,
    clientCode: string,
    clock: Clock,
    sayFailure: (message: string) => void,
  ): Promise<MetricsFile> {
    const file = new MetricsFile(path, clientCode, clock, sayFailure);
    file.#before = carriedOver(await readFile(path, 'utf8').catch(() => ''), clientCode);
    file.#tick();
    return file;
  }

  onEvent(event: SendEvent): void {
    if (event.kind === 'started') this.#current = event.snapshot;
    else if (event.kind === 'ended' && this.#current !== null) {
      const last = this.#current(); // what it looks at is closed next
      this.#current = () => last;
    }
  }

  fileEnded({ jobs, exitStatus: status }: FileEnd): void {
    this.#current = null;
    for (const { rows, attempts, cap } of jobs) {
      this.#rows = sum(this.#rows, rows);
      this.#attempts += attempts;
      this.#cap = cap;
    }
    if (status === exitStatus.done) this.#before = { ...this.#before, lastSuccessMs: this.#clock.wallMs() };
    this.#write();
  }

  /** Resolves when the last state is written. */
  async finish(status: ExitStatus): Promise<void> {
    this.#cancelNext();
    this.#current = null;
    // Another run is at work, and writes its own state.
    if (status === exitStatus.busy) return this.#writing;
    this.#before = { ...this.#before, exitStatus: status };
    this.#write();
    await this.#writing;
  }

  #tick(): void {
    this.#cancelNext = this.#clock.schedule(writeEveryMs, () => {
      this.#write();
      this.#tick();
    });
  }

  #write(): void {
    const text = metricsText(this.#metrics());
    this.#writing = this.#writing
      .then(() => replaceText(this.#path, text))
      .catch((error: unknown) => {
        if (this.#hasFailed) return;
        this.#hasFailed = true;
        const why = systemCode(error) ?? 'unknown error';
        this.#sayFailure(
          `--metrics-file: ${this.#path} cannot be written (${why}). Check its folder and its permissions`,
        );
      });
  }

  #metrics(): Metrics {
    const now = this.#current?.() ?? null;
    const superseded = 0;
    return {
      clientCode: this.#clientCode,
      rows: now === null ? this.#rows : sum(this.#rows, { ...now.rows, superseded }),
      attempts: this.#attempts + (now?.tryCount ?? 0),
      cap: now?.cap ?? this.#cap,
      ...this.#before,
      durationMs: this.#clock.monotonicMs() - this.#startedMs,
    };
  }
}

function sum(one: Rows, other: Rows): Rows {
  return {
    submitted: one.submitted + other.submitted,
    skipped: one.skipped + other.skipped,
    unchanged: one.unchanged + other.unchanged,
    invalid: one.invalid + other.invalid,
    refused: one.refused + other.refused,
    failed: one.failed + other.failed,
    superseded: one.superseded + other.superseded,
  };
}

/** Others read it (0644), and never half of it. Its temp name does not end with .prom, which is what collectors read. */
async function replaceText(path: string, text: string): Promise<void> {
  const temp = `${path}.${randomUUID().slice(-12)}.tmp`;
  const file = await open(temp, 'wx', 0o644);
  try {
    await file.writeFile(text);
    await file.close();
    await rename(temp, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temp, { force: true });
    throw error;
  }
}
