import { describe, expect, it } from 'vitest';
import { jobFilesIn } from '../../../src/job/files/job-files.js';
import type { JobFacts, RunFacts } from '../../../src/report/figures/job-facts.js';
import { nextStep } from '../../../src/report/figures/next-step.js';
import { type Standing, standingOf } from '../../../src/report/figures/standing.js';
import { checkpoint, startMs } from '../support/job-on-disk.js';

function job(other: Partial<JobFacts> = {}): JobFacts {
  const { job: settings, ...rest } = checkpoint({ state: 'open', exitStatus: null });
  return { ...rest, settings, ...other };
}

const cap = { limit: 1000, used: 700, left: 300, nextFreeAtMs: null };
const run: RunFacts = {
  runId: 'run-1',
  startedAtMs: startMs,
  endedAtMs: startMs + 5_000,
  exitStatus: 3,
  error: { code: 'unauthorized', message: 'the token is not taken' },
  cap,
};
const holder = { pid: 4711, host: 'web1', sinceMs: startMs };

describe('where a job stands', () => {
  it.each<[string, JobFacts | null, RunFacts | null, typeof holder | null, Standing['kind']]>([
    ['every row has its end', job({ state: 'complete' }), run, null, 'done'],
    ['the file changed', job({ state: 'closed' }), run, null, 'closed'],
    ['a run holds the lock', job(), run, holder, 'running'],
    ['a run holds the lock and has written no checkpoint', null, null, holder, 'running'],
    ['the last run wrote its summary', job(), run, null, 'stopped'],
    ['the summary is of the run before', job({ runId: 'run-2' }), run, null, 'interrupted'],
    ['no run wrote a summary', job(), null, null, 'interrupted'],
    ['there is no checkpoint', null, run, null, 'unknown'],
  ])('%s', (_, facts, lastRun, found, kind) => {
    expect(standingOf({ job: facts, lastRun }, found).kind).toBe(kind);
  });
});

describe('the next step', () => {
  const files = jobFilesIn('/data', 'x.csv');
  const naming = { file: '/data/x.csv', out: null, name: null };
  const stopped: Standing = { kind: 'stopped', atMs: startMs, exitStatus: 3, error: null };
  const step = (other: Partial<Parameters<typeof nextStep>[0]>) =>
    nextStep({ standing: stopped, job: job(), naming, files, rejectedCount: 0, hasRejects: false, ...other });

  it('resumes a stopped job with the options that make it this job', () => {
    expect(step({})).toEqual({
      text: 'Check the endpoint, the network and the token, then resume:',
      command: 'profile-drip send --client-code acmeretail /data/x.csv',
    });
    const settings = {
      ...job().settings,
      endpoint: 'https://proxy.example',
      values: 'raw',
      delimiter: '\t',
      idColumn: "customer's id",
      idType: 'pcId',
      encoding: 'windows-1252',
      trim: true,
      only: ['tier'],
      rename: ['a=b'],
      nullWords: ['NULL'],
    } as const;
    expect(step({ job: job({ settings }), naming: { ...naming, out: '/jobs', name: 'night' } }).command).toBe(
      "profile-drip send --client-code acmeretail --endpoint https://proxy.example --values raw --delimiter '\\t' --encoding windows-1252 --trim --only tier --rename a=b --null NULL --id-column 'customer'\\''s id' --id-type pcId --out /jobs --name night /data/x.csv",
    );
  });

  it('resumes a sandbox job in the sandbox, and a dropped file by its folder', () => {
    const settings = { ...job().settings, endpoint: 'sandbox' };
    expect(step({ job: job({ settings }) }).command).toBe(
      'profile-drip send --sandbox --client-code acmeretail /data/x.csv',
    );
    expect(step({ files: jobFilesIn('/srv/drop/.profile-drip', 'x.csv') }).command).toBe(
      'profile-drip drop /srv/drop --client-code acmeretail',
    );
  });

  it('sends the rejects of a finished job, if there are any', () => {
    const done = { standing: { kind: 'done' }, job: job({ state: 'complete' }) } as const;
    expect(step(done)).toEqual({ text: 'Nothing to do.', command: null });
    expect(step({ ...done, rejectedCount: 2, hasRejects: true }).command).toBe(
      'profile-drip send --client-code acmeretail /data/x.csv.rejects.csv',
    );
    expect(step({ ...done, rejectedCount: 2 }).command).toBeNull();
  });

  it('gives no command where FILE is not known', () => {
    expect(step({ naming: { file: null, out: null, name: null } }).command).toBeNull();
  });
});
