import { describe, expect, it } from 'vitest';
import { HoldLines } from '../../../src/terminal/progress/hold-lines.js';
import { makeReporter } from '../../../src/terminal/progress/progress.js';
import type { Snapshot } from '../../../src/terminal/progress/run-view.js';
import { movedClock } from '../../support/index.js';
import { fakeScreen, terminalLines } from '../support/fake-screen.js';

const nothing: Snapshot = {
  readBytes: 0,
  sizeBytes: 100_000,
  rows: { submitted: 0, skipped: 0, unchanged: 0, invalid: 0, refused: 0, failed: 0 },
  endedRowCount: 0,
  endedInRunCount: 0,
  underWayCount: 0,
  tryCount: 0,
  elapsedMs: 0,
  hold: null,
  cap: { limit: 1_000_000, used: 0, left: 1_000_000, nextFreeAtMs: null },
};
const half: Snapshot = {
  ...nothing,
  readBytes: 50_000,
  rows: { ...nothing.rows, submitted: 2990, invalid: 4, refused: 3, failed: 3 },
  endedRowCount: 3000,
  endedInRunCount: 3000,
  tryCount: 3000,
};

/** logfmt as a log system would read it. */
function fields(line: string): Record<string, string> {
  return Object.fromEntries(
    [...line.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)].map(([, name, quoted, bare]) => [
      name,
      quoted ?? bare ?? '',
    ]),
  );
}

describe('log lines', () => {
  it('come at the start, every 30 seconds, at each change of state, and at the end', async () => {
    const screen = fakeScreen();
    const clock = movedClock();
    const reporter = await makeReporter('auto', screen, clock);
    let now = nothing;
    reporter.started('my file.csv', { fromRow: 17, doneCount: 16, totalCount: null }, () => now);
    now = half;
    await clock.advance(30_000);
    reporter.hold(
      { cause: 'cap', sinceWallMs: clock.wallMs(), untilWallMs: clock.wallMs() + 60_000 },
      'the cap is used up',
    );
    await clock.advance(60_000);
    reporter.released('cap', clock.wallMs() - 60_000);
    reporter.notice('warning', 'a-code', 'mind "this"');
    reporter.ended('my file.csv', { outcome: 'rejected', exitStatus: 1 });
    const lines = screen.written().trimEnd().split('\n');
    expect(lines.map((line) => fields(line).event)).toEqual([
      'started',
      'progress',
      'hold',
      'progress',
      'progress',
      'released',
      'notice',
      'ended',
    ]);
    for (const line of lines) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d level=(info|warning) event=/);
    }
    expect(fields(lines[0] ?? '')).toMatchObject({ file: 'my file.csv', resumed_from_row: '17', rows_done: '16' });
    expect(fields(lines[1] ?? '')).toMatchObject({
      percent: '50',
      rows: '3000',
      submitted: '2990',
      not_submitted: '10',
      rows_per_second: '100',
      cap_left: '1000000',
      seconds_left: '30',
    });
    expect(fields(lines[2] ?? '')).toMatchObject({ cause: 'cap', rows_left: '3000', message: 'the cap is used up' });
    expect(fields(lines[5] ?? '')).toMatchObject({ cause: 'cap', held_seconds: '60' });
    expect(lines[6]).toContain('message="mind \\"this\\""');
    expect(fields(lines[7] ?? '')).toMatchObject({ level: 'warning', outcome: 'rejected', exit_status: '1' });
    expect(clock.timerCount()).toBe(0);
  });

  it('are one JSON object each where that is asked for, on a terminal too', async () => {
    const screen = fakeScreen({ isTerminal: true });
    const reporter = await makeReporter('auto', screen, movedClock(), { format: 'json', least: 'info' });
    reporter.started('a\n"b".csv', null, () => half);
    reporter.notice('warning', 'a-code', 'mind this');
    reporter.ended('a', { outcome: 'stopped', exitStatus: 4 });
    const lines = screen.written().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'started', level: 'info', time: expect.stringMatching(/^\d{4}-.*[+-]\d\d:\d\d$/) },
      { event: 'notice', level: 'warning', code: 'a-code', message: 'mind this' },
      { event: 'ended', level: 'error', outcome: 'stopped', exit_status: 4, submitted: 2990 },
    ]);
  });

  it('leave out what is less than the least that is asked for', async () => {
    const screen = fakeScreen({ isTerminal: true });
    const reporter = await makeReporter('bar', screen, movedClock(), { format: 'text', least: 'warning' });
    reporter.started('a.csv', null, () => half);
    reporter.hold({ cause: 'cap', sinceWallMs: 0, untilWallMs: null }, 'the cap is used up');
    reporter.hold({ cause: 'outage', sinceWallMs: 0, untilWallMs: null }, 'no answers');
    reporter.ended('a.csv', { outcome: 'done', exitStatus: 0 });
    reporter.started('b.csv', null, () => half);
    reporter.ended('b.csv', null);
    expect(screen.written().match(/level=\w+ event=\w+/g)).toEqual([
      'level=warning event=hold',
      'level=error event=ended',
    ]);
  });

  it('stay one line each, whatever a file is called', async () => {
    const screen = fakeScreen();
    const reporter = await makeReporter('log', screen, movedClock());
    reporter.started('a\nb\u001b[2J.csv', null, () => nothing);
    reporter.ended('', null);
    expect(screen.written().match(/\n/g)).toHaveLength(2);
    expect(screen.written()).not.toContain('\u001b');
  });
});

describe('the reporter', () => {
  it('draws a bar on a terminal, with what is said above it, and clears it at the end', async () => {
    const screen = fakeScreen({ isTerminal: true });
    const reporter = await makeReporter('auto', screen, movedClock());
    reporter.started('loyalty.csv', { fromRow: 1082, doneCount: 1081, totalCount: 3600 }, () => half);
    reporter.notice('warning', 'a-code', 'mind this');
    const [first, second, bar] = terminalLines(screen.written());
    expect([first, second]).toEqual([
      'sending loyalty.csv: 1,081 of 3,600 rows are done, resuming at row 1,082',
      'warning: mind this',
    ]);
    expect(bar).toMatch(/^ *50 % ▕█+░+▏ .*2,990 submitted {2}10 not sent/);
    reporter.ended('loyalty.csv', { outcome: 'done', exitStatus: 0 });
    expect(terminalLines(screen.written())).toEqual([first, second, '']);
  });

  it('writes lines if a bar is wanted and there is no terminal', async () => {
    const screen = fakeScreen();
    const reporter = await makeReporter('bar', screen, movedClock());
    reporter.notice('info', 'a-code', 'something');
    expect(screen.written()).toContain('event=notice');
  });

  it('says warnings alone with none', async () => {
    const screen = fakeScreen({ isTerminal: true });
    const reporter = await makeReporter('none', screen, movedClock());
    reporter.started('loyalty.csv', null, () => half);
    reporter.hold({ cause: 'cap', sinceWallMs: 0, untilWallMs: null }, 'x');
    reporter.notice('info', 'a-code', 'x');
    reporter.notice('warning', 'a-code', 'mind this');
    reporter.ended('loyalty.csv', { outcome: 'done', exitStatus: 0 });
    expect(screen.written()).toBe('warning: mind this\n');
  });
});

describe('holds that come again and again', () => {
  it('of the cap are said once in five minutes, each with its end', () => {
    const lines = new HoldLines();
    expect(lines.shouldSayHold('cap', 0)).toBe(true);
    expect(lines.shouldSayReleased()).toBe(true);
    expect(lines.shouldSayReleased()).toBe(false);
    expect(lines.shouldSayHold('cap', 10_000)).toBe(false);
    expect(lines.shouldSayReleased()).toBe(false);
    expect(lines.shouldSayHold('outage', 20_000)).toBe(true);
    expect(lines.shouldSayHold('cap', 300_000)).toBe(true);
  });

  it('of an outage are all said, also soon after one that is over', () => {
    const lines = new HoldLines();
    for (const atMs of [0, 5000]) expect(lines.shouldSayHold('outage', atMs)).toBe(true);
    expect(lines.shouldSayReleased()).toBe(true);
    expect(lines.shouldSayHold('outage', 6000)).toBe(true);
  });

  it('have their end said where any line of them was, and not the last one', () => {
    const lines = new HoldLines();
    expect(lines.shouldSayHold('throttled', 0)).toBe(true);
    expect(lines.shouldSayHold('throttled', 1000)).toBe(false);
    expect(lines.shouldSayReleased()).toBe(true);
    expect(lines.shouldSayHold('throttled', 30_000)).toBe(true);
  });
});
