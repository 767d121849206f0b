import type { Verdict } from '../../verify/terms.js';
import type { JobFacts, RunFacts } from '../figures/job-facts.js';
import type { NextStep } from '../figures/next-step.js';
import type { Standing } from '../figures/standing.js';
import type { ReportTally } from '../figures/tally.js';

export interface VerifiedContent {
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly file: string;
  /** `null`: every visitor that was asked about is known to Target. */
  readonly notFound: string | null;
}

/** All that a page is made from. */
export interface PageContent {
  /** The stem of the job's files. */
  readonly jobName: string;
  readonly tally: ReportTally;
  /** `null`: not known. */
  readonly job: JobFacts | null;
  /** `null`: not known, or no run has ended. */
  readonly lastRun: RunFacts | null;
  readonly standing: Standing;
  readonly nextStep: NextStep;
  readonly files: {
    readonly results: string;
    /** `null`: it is not there. */
    readonly rejects: string | null;
  };
  /** What `profile-drip verify` found, and the name of its file; `null`: it was not asked. */
  readonly verified: VerifiedContent | null;
  /** Bytes at the end of the results that are not a whole line of results; 0: all was read. */
  readonly unreadBytes: number;
  /** An IANA name. */
  readonly timeZone: string;
  readonly madeAtMs: number;
}
