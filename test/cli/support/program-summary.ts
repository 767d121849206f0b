import type { JobSummary, RunSummary } from '../../../src/job/terms/summary.js';

/** A job of 5,000 rows that went through, to be changed by a test. */
export const doneJob: JobSummary = {
  file: 'loyalty.csv',
  file_sha256: 'ab'.repeat(32),
  client_code: 'acme',
  endpoint: 'https://acme.tt.omtrdc.net',
  run_id: 'a-run',
  started_at: '2026-11-23T13:00:00.000Z',
  run_started_at: '2026-11-23T13:00:00.000Z',
  ended_at: '2026-11-23T13:00:12.000Z',
  complete: true,
  exit_status: 0,
  error: null,
  rows: {
    total: 5000,
    submitted: 4997,
    skipped: 3,
    unchanged: 0,
    invalid: 0,
    refused: 0,
    failed: 0,
    superseded: 0,
    coalesced: 0,
  },
  reasons: [{ code: 'no-values', count: 3, example_row: 9, example_line: 10 }],
  hints: [],
  attempts: 4997,
  routes: { update: 4997, delivery: 0 },
  resumed_from_row: null,
  cap: { limit: 1_000_000, used: 4997, left: 995_003, next_free_at: null },
  rows_per_second: 416.7,
  files: { results: 'loyalty.csv.results.csv', rejects: null, checkpoint: 'loyalty.csv.checkpoint.json' },
};

export const rejectedJob: JobSummary = {
  ...doneJob,
  exit_status: 1,
  rows: { ...doneJob.rows, submitted: 4985, invalid: 7, refused: 5 },
  reasons: [
    { code: 'id-empty', count: 1, example_row: 12, example_line: 13 },
    { code: 'percent-broken', count: 6, example_row: 1044, example_line: 1052 },
    { code: 'target-refused', count: 5, example_row: 2000, example_line: 2010 },
    ...doneJob.reasons,
  ],
  files: { ...doneJob.files, rejects: 'loyalty.csv.rejects.csv' },
};

export const stoppedJob: JobSummary = {
  ...doneJob,
  complete: false,
  exit_status: 4,
  error: { code: 'cap-used', message: 'the cap is used up' },
  file_sha256: null,
  rows: { ...doneJob.rows, total: null, submitted: 1231 },
  cap: { limit: 1000, used: 1000, left: 0, next_free_at: '2026-11-23T14:30:00.000Z' },
};

export function runSummary(jobs: readonly JobSummary[], rest: Partial<RunSummary> = {}): RunSummary {
  return { schema: 1, version: '0.0.0', exit_status: 0, error: null, jobs, ...rest };
}
