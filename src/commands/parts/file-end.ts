import type { FileEnd } from '../../job/terms/file-end.js';
import type { RunSummary } from '../../job/terms/summary.js';
import { version } from '../../terms/version.js';
import type { Host } from '../line/call.js';

/** The result of one file, for a call that stays: one line of JSON in the form of the whole result. */
export function sayFileAsJson({ stdout }: Host, end: Pick<FileEnd, 'jobs' | 'exitStatus' | 'error'>): void {
  const summary: RunSummary = {
    schema: 1,
    version,
    exit_status: end.exitStatus,
    error: end.error,
    jobs: end.jobs,
  };
  stdout.write(`${JSON.stringify(summary)}\n`);
}
