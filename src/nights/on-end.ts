import type { FileEnd } from '../job/terms/file-end.js';
import type { JobSummary, RunSummary } from '../job/terms/summary.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { version } from '../terms/version.js';

/** --on-end: tells a command of the user the result of each job. It can neither hang nor break a run. */

/** One call of the command. */
export interface Telling {
  readonly exitStatus: ExitStatus;
  /** As the job has it; empty where the call has not one FILE. */
  readonly file: string;
  readonly summary: RunSummary;
}

/** Runs the command; resolves to what went wrong with it, or to `null`. Never rejects. */
export type RunCommand = (command: string, telling: Telling) => Promise<string | null>;

/** A call that ends with these without a job has something to tell: nothing else would. */
const callStatuses: readonly ExitStatus[] = [
  exitStatus.usage,
  exitStatus.endpoint,
  exitStatus.machine,
  exitStatus.internal,
];

/**
 * Invariants: the command runs for one job after the other, in their order, while the run sends on; `done` resolves when
 * it has run for all. What it was told of once it is not told again at the end of the call.
 */
export class OnEnd {
  readonly #run: RunCommand;
  readonly #sayFailure: (message: string) => void;
  /** `null`: nobody is to be told. */
  command: string | null = null;
  readonly #told = new Set<ExitStatus>();
  #queue: Promise<void> = Promise.resolve();

  constructor(run: RunCommand, sayFailure: (message: string) => void) {
    this.#run = run;
    this.#sayFailure = sayFailure;
  }

  fileEnded({ file, jobs, exitStatus: status, error }: FileEnd): void {
    for (const job of jobs) this.#tell(jobTelling(job));
    // A file that cannot be read has no job, and somebody should hear of it all the same.
    if (jobs.length === 0) this.#tellWithoutJob(status, error, file);
  }

  /** `files`: of the call. */
  callEnded(status: ExitStatus, error: RunSummary['error'], files: readonly string[]): void {
    if (!this.#told.has(status)) this.#tellWithoutJob(status, error, files.length === 1 ? (files[0] ?? '') : '');
  }

  async done(): Promise<void> {
    await this.#queue;
  }

  #tellWithoutJob(status: ExitStatus, error: RunSummary['error'], file: string): void {
    if (callStatuses.includes(status)) this.#tell({ exitStatus: status, file, summary: runSummary(status, error, []) });
  }

  #tell(telling: Telling): void {
    const { command } = this;
    this.#told.add(telling.exitStatus);
    if (command === null) return;
    this.#queue = this.#queue.then(async () => {
      const failure = await this.#run(command, telling);
      if (failure !== null) this.#sayFailure(`--on-end: ${failure}`);
    });
  }
}

function jobTelling(job: JobSummary): Telling {
  return { exitStatus: job.exit_status, file: job.file, summary: runSummary(job.exit_status, job.error, [job]) };
}

function runSummary(status: ExitStatus, error: RunSummary['error'], jobs: readonly JobSummary[]): RunSummary {
  return { schema: 1, version, exit_status: status, error, jobs };
}
