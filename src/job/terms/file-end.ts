import type { ExitStatus } from '../../terms/exit-status.js';
import type { SendHooks } from './options.js';
import type { JobSummary, RunSummary } from './summary.js';

/** What came of one FILE, once its files are closed, moved and unlocked. */
export interface FileEnd {
  readonly file: string;
  /** One job, two where the first was superseded, none where none began. */
  readonly jobs: readonly JobSummary[];
  readonly exitStatus: ExitStatus;
  readonly error: RunSummary['error'];
  /** `drop` has put it there. */
  readonly isInFailed: boolean;
}

/** What a call over several FILEs hands in beside what each run is told. */
export interface CallHooks extends SendHooks {
  readonly onFileEnd?: (end: FileEnd) => void;
}
