import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/commands/line/call.js';
import { commandForFile, sameCommand } from '../../src/commands/line/command-words.js';
import { nightsHost } from '../../src/commands/line/nights-host.js';
import { Output } from '../../src/commands/line/output.js';
import { sayEnd } from '../../src/commands/parts/send-end.js';
import { summaryText } from '../../src/commands/words/summary-words.js';
import type { JobSummary, RunSummary } from '../../src/job/terms/summary.js';
import { Nights } from '../../src/nights/nights.js';
import { exitStatus } from '../../src/terms/exit-status.js';
import { movedClock } from '../support/index.js';
import { type FakeScreen, fakeScreen } from '../terminal/support/fake-screen.js';
import { doneJob, rejectedJob, runSummary, stoppedJob } from './support/program-summary.js';

const nowMs = Date.UTC(2026, 10, 23, 13, 1);

const text = (...jobs: JobSummary[]) => textAt(null, ...jobs);

/** `columns`: of a terminal; `null`: it is not a terminal. */
function textAt(columns: number | null, ...jobs: JobSummary[]): string {
  return summaryText(runSummary(jobs), {
    screen: { hasColor: false, isTerminal: columns !== null, columns: columns ?? 80 },
    nowMs,
    commandFor: (file) => `profile-drip send ${file}`,
    timeZone: 'Europe/Berlin',
  });
}

interface SendCall extends Call {
  readonly stdout: FakeScreen;
  readonly stderr: FakeScreen;
}

function sendCall(
  options: Readonly<Record<string, string>> = { 'client-code': 'acme' },
  environment: Readonly<Record<string, string>> = {},
  files: readonly string[] = ['loyalty.csv'],
): SendCall {
  const stdout = fakeScreen();
  const stderr = fakeScreen();
  const host = {
    surroundings: { environment, homeDir: '/home/me' },
    stdout,
    stderr,
    output: new Output(stdout, stderr),
    clock: movedClock({ wallMs: nowMs }),
    files: { readText: () => Promise.reject(new Error()), stat: () => Promise.reject(new Error()) },
    watchSignals: () => new AbortController().signal,
  };
  const nights = new Nights(nightsHost(host));
  const given = new Map(Object.entries(options));
  return { verb: 'send', files, options: given, host, nights, secrets: new Set(), stdout, stderr };
}

describe('the summary for a person', () => {
  it('of a job without trouble says so in its first line', () => {
    expect(text(doneJob)).toBe(
      [
        'loyalty.csv: done, all 5,000 rows, in 12 s (417 rows/s)',
        '',
        '  4,997  submitted  taken by Target: applied within an hour as a rule, within 24 at most',
        '      3  skipped    without a value to send',
        '',
        'Cap:      4,997 of 1,000,000 used in the last 24 hours, 995,003 left',
        'Results:  loyalty.csv.results.csv',
        '',
      ].join('\n'),
    );
  });

  it('groups what did not go through by reason with an example each, the most frequent first, and says what to do', () => {
    const lines = text(rejectedJob).split('\n');
    expect(lines[0]).toBe('loyalty.csv: done, but 12 of 5,000 rows did not go through, in 12 s (417 rows/s)');
    const reasons = lines.slice(lines.indexOf('Why rows did not go through:') + 1).slice(0, 3);
    expect(reasons.map((line) => line.replace(/ {2,}/g, '|'))).toEqual([
      '|6|percent-broken|first row 1,044, line 1,052|a % that no two hexadecimal digits follow, or that does not decode to UTF-8',
      '|5|target-refused|first row 2,000, line 2,010|Target answered that it will not take this row',
      '|1|id-empty|row 12, line 13|the id is empty, or nothing but blanks and invisible characters',
    ]);
    expect(lines).toContain('Rejects:  loyalty.csv.rejects.csv');
    expect(lines.slice(-3)).toEqual([
      'Correct the rejects, then send them:',
      '  profile-drip send loyalty.csv.rejects.csv',
      '',
    ]);
    expect(lines.join('\n')).not.toContain('no-values');
  });

  it('of a stopped job says what is done, and when more of the cap comes free', () => {
    const shown = text(stoppedJob);
    expect(shown).toContain('loyalty.csv: not finished: 1,234 rows done so far, the rest is not sent yet');
    expect(shown).toContain('1,000 of 1,000 used in the last 24 hours, 0 left; more from 15:30 CET on');
  });

  it('of several files ends with all of them together', () => {
    expect(text(doneJob, rejectedJob, stoppedJob).trimEnd().split('\n').at(-1)).toBe(
      '3 files, 2 finished: 11,213 of 11,234 rows submitted, 12 did not go through',
    );
  });

  it('of a job that was done before names no time', () => {
    const [first] = text({ ...doneJob, rows_per_second: 0 }).split('\n');
    expect(first).toBe('loyalty.csv: done, all 5,000 rows');
  });

  it('folds its words on a narrow terminal', () => {
    for (const columns of [60, 80, 120]) {
      const table = textAt(columns, rejectedJob).split('\n').slice(1);
      for (const line of table.filter((one) => /^ {2}/.test(one))) expect(line.length).toBeLessThan(columns);
    }
    expect(textAt(60, rejectedJob)).toContain('percent-broken  first row 1,044, line 1,052\n     a % that');
  });

  it('is harmless whatever a file is called', () => {
    expect(text({ ...doneJob, file: 'a\u001b[2J\nb.csv' })).not.toMatch(/\u001b|\nb\.csv/);
  });
});

describe('the command to resume with', () => {
  it('is the same, but for what would begin again', () => {
    const options = { 'client-code': 'acme', restart: 'true', forget: 'true', rate: '5', 'changed-only': 'false' };
    expect(sameCommand(sendCall(options, {}, ['my file.csv', 'b.csv']))).toBe(
      `profile-drip send --client-code acme --rate 5 --no-changed-only 'my file.csv' b.csv`,
    );
  });

  it('for the rejects leaves out what names this job', () => {
    const options = { 'client-code': 'acme', name: 'x', out: 'o', 'on-changed': 'refuse', delimiter: ';' };
    expect(commandForFile(sendCall(options), 'o/x.rejects.csv')).toBe(
      `profile-drip send --client-code acme --delimiter ';' o/x.rejects.csv`,
    );
  });

  it('stands what looks like an option', () => {
    expect(sameCommand(sendCall({ delimiter: '-', name: 'true' }, {}, ['-a.csv']))).toBe(
      'profile-drip send --delimiter=- --name true -- -a.csv',
    );
    expect(sameCommand(sendCall({ name: 'x' }, {}, ['-']))).toBe('profile-drip send --name x -');
  });

  it('goes by npx where npx was used', () => {
    expect(sameCommand(sendCall({}, { npm_command: 'exec' }))).toBe('npx profile-drip send loyalty.csv');
  });
});

describe('the end', () => {
  const stopped: RunSummary = runSummary([stoppedJob], {
    exit_status: exitStatus.cap,
    error: { code: 'cap-used', message: 'the cap is used up' },
  });

  it('has what stopped the run and how to resume as the last lines of standard error', async () => {
    const call = sendCall();
    await sayEnd(call, stopped, false);
    expect(call.stdout.written()).toContain('not finished');
    expect(call.stderr.written()).toBe(
      'profile-drip: the cap is used up\nResume with:  profile-drip send --client-code acme loyalty.csv\n',
    );
  });

  it('with --json is one object on standard output and nothing else there', async () => {
    const call = sendCall();
    await sayEnd(call, stopped, true);
    expect(JSON.parse(call.stdout.written())).toEqual(stopped);
    expect(call.stdout.written().trimEnd()).not.toContain('\n');
  });

  it('says nothing about resuming if there is nothing to resume', async () => {
    const call = sendCall();
    await sayEnd(call, runSummary([doneJob]), false);
    expect(call.stderr.written()).toBe('');
  });

  it('says after a broken file that the same command resumes once it is corrected', async () => {
    const call = sendCall();
    const error = {
      code: 'file-quote-open' as const,
      message: 'loyalty.csv: a quote that opens on line 9 is never closed',
    };
    await sayEnd(call, runSummary([stoppedJob], { exit_status: exitStatus.usage, error }), false);
    expect(call.stderr.written().trimEnd().split('\n').at(-1)).toMatch(
      /^Once that is corrected, resume with: {2}profile-drip send/,
    );
  });
});

describe('in GitHub Actions', () => {
  const github = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: '/repo' };
  const job = { ...rejectedJob, file: '/repo/data/loyalty.csv' };

  it('each reason is an annotation at its first line, and a stop is one too', async () => {
    const call = sendCall({}, github);
    const error = { code: 'max-failures' as const, message: 'more rows than --max-failures' };
    await sayEnd(call, runSummary([job], { exit_status: exitStatus.maxFailures, error }), false);
    const lines = call.stderr
      .written()
      .split('\n')
      .filter((line) => line.startsWith('::'));
    expect(lines).toEqual([
      expect.stringMatching(/^::error file=data\/loyalty\.csv,line=1052,title=profile-drip%3A percent-broken::6 rows /),
      expect.stringMatching(/^::error file=data\/loyalty\.csv,line=2010,title=profile-drip%3A target-refused::5 rows /),
      expect.stringMatching(/^::error file=data\/loyalty\.csv,line=13,title=profile-drip%3A id-empty::1 row /),
      '::error title=profile-drip%3A max-failures::more rows than --max-failures',
    ]);
    expect(call.stdout.written()).not.toContain('::');
  });

  it('what is tolerated is a warning', async () => {
    const call = sendCall({}, github);
    await sayEnd(call, runSummary([job]), false);
    expect(call.stderr.written()).toMatch(/^::warning file=/);
  });

  it('a table goes into the file that the system names, and a file that cannot be written is not a failure', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'profile-drip-test-'));
    try {
      const page = join(folder, 'summary.md');
      await sayEnd(sendCall({}, { ...github, GITHUB_STEP_SUMMARY: page }), runSummary([job]), false);
      const written = readFileSync(page, 'utf8');
      expect(written).toContain(
        '| data/loyalty.csv | done, with rejects | 5,000 | 4,985 | 3 | 7 | 5 | 0 |'.replace('data/', '/repo/data/'),
      );
      expect(written).toContain('| percent-broken |');
      const call = sendCall({}, { ...github, GITHUB_STEP_SUMMARY: join(folder, 'no', 'such', 'folder') });
      await sayEnd(call, runSummary([job]), false);
      expect(call.stderr.written()).toContain('GITHUB_STEP_SUMMARY names cannot be written');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
