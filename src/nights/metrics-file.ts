import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import type { SendEvent, SendSnapshot } from '../job/terms/events.js';
import type { FileEnd } from '../job/terms/file-end.js';
import type { Cancel, Clock } from '../platform/ports.js';
import { systemCode } from '../terms/errors.js';
import { type ExitStatus, exitStatus, isSignalStatus } from '../terms/exit-status.js';
import { carriedOver, type Metrics, metricsText } from './metrics-text.js';

const writeEveryMs = 15_000;

type Rows = Metrics['rows'];

const noRows: Rows = { submitted: 0, skipped: 0, unchanged: 0, invalid: 0, refused: 0, failed: 0, superseded: 0 };

/** What is counted for one client code. */
interface Counted {
  readonly clientCode: string;
  before: Pick<Metrics, 'lastSuccessMs' | 'exitStatus'>;
  rows: Rows;
  attempts: number;
  cap: Metrics['cap'];
  /** Of the file at work, until its end is told with all its jobs. */
  current: (() => SendSnapshot) | null;
}

export interface MetricsFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** The call stays until a signal ends it: its exit status is its last file's, because its own says nothing. */
  readonly stays: boolean;
  readonly sayFailure: (message: string) => void;
}

/**
 * --metrics-file: the file is replaced as a whole, every 15 seconds while at work, as each file ends, and at the end.
 *
 * Invariants: at most one write runs, and the last state is always written in the end. A file that cannot be written is
 * said once and ends nothing.
 */
export class MetricsFile {
  readonly #options: MetricsFileOptions;
  readonly #startedMs: number;
  /** What the call before left. */
  readonly #earlier: string;
  readonly #clients = new Map<string, Counted>();
  #cancelNext: Cancel = () => {};
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  private constructor(options: MetricsFileOptions, earlier: string) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
    this.#earlier = earlier;
  }

  static async open(options: MetricsFileOptions): Promise<MetricsFile> {
    const file = new MetricsFile(options, await readFile(options.path, 'utf8').catch(() => ''));
    file.#tick();
    return file;
  }

  /** From now on the file has this client code; what an earlier call left of it is carried over. */
  add(clientCode: string): void {
    this.#counted(clientCode);
  }

  onEvent(event: SendEvent, clientCode: string): void {
    const counted = this.#counted(clientCode);
    if (event.kind === 'started') counted.current = event.snapshot;
    else if (event.kind === 'ended' && counted.current !== null) {
      const last = counted.current(); // what it looks at is closed next
      counted.current = () => last;
    }
  }

  fileEnded({ jobs, exitStatus: status }: FileEnd, clientCode: string): void {
    const counted = this.#counted(clientCode);
    counted.current = null;
    for (const { rows, attempts, cap } of jobs) {
      counted.rows = sum(counted.rows, rows);
      counted.attempts += attempts;
      counted.cap = cap;
    }
    const { clock, stays } = this.#options;
    if (status === exitStatus.done) counted.before = { ...counted.before, lastSuccessMs: clock.wallMs() };
    if (stays && !isSignalStatus(status)) counted.before = { ...counted.before, exitStatus: status };
    this.#write();
  }

  /** Resolves when the last state is written. */
  async finish(status: ExitStatus): Promise<void> {
    this.#cancelNext();
    for (const counted of this.#clients.values()) counted.current = null;
    // Another run is at work, and writes its own state.
    if (status === exitStatus.busy) return this.#writing;
    if (!this.#options.stays || !isSignalStatus(status)) {
      for (const counted of this.#clients.values()) counted.before = { ...counted.before, exitStatus: status };
    }
    this.#write();
    await this.#writing;
  }

  #counted(clientCode: string): Counted {
    const known = this.#clients.get(clientCode);
    if (known !== undefined) return known;
    const before = carriedOver(this.#earlier, clientCode);
    const counted: Counted = { clientCode, before, rows: noRows, attempts: 0, cap: null, current: null };
    this.#clients.set(clientCode, counted);
    return counted;
  }

  #tick(): void {
    this.#cancelNext = this.#options.clock.schedule(writeEveryMs, () => {
      this.#write();
      this.#tick();
    });
  }

  #write(): void {
    const { path, clock, sayFailure } = this.#options;
    const durationMs = clock.monotonicMs() - this.#startedMs;
    const text = metricsText([...this.#clients.values()].map((counted) => metricsOf(counted, durationMs)));
    this.#writing = this.#writing
      .then(() => replaceText(path, text))
      .catch((error: unknown) => {
        if (this.#hasFailed) return;
        this.#hasFailed = true;
        const why = systemCode(error) ?? 'unknown error';
        sayFailure(`--metrics-file: ${path} cannot be written (${why}). Check its folder and its permissions`);
      });
  }
}

function metricsOf({ clientCode, before, rows, attempts, cap, current }: Counted, durationMs: number): Metrics {
  const now = current?.() ?? null;
  const superseded = 0;
  return {
    clientCode,
    rows: now === null ? rows : sum(rows, { ...now.rows, superseded }),
    attempts: attempts + (now?.tryCount ?? 0),
    cap: now?.cap ?? cap,
    ...before,
    durationMs,
  };
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
