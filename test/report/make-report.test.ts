import { appendFile, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JobFiles } from '../../src/job/files/job-files.js';
import { resultsHeader } from '../../src/job/results/result.js';
import { verifyHeader } from '../../src/verify/verify-log.js';
import { resultLine } from '../job/support/result-rows.js';
import { seededRandom } from '../support/index.js';
import { checkpoint, reportOn, row, startMs, writeJob } from './support/job-on-disk.js';
import { type OpenedPage, opened } from './support/opened-page.js';

async function writeRows(path: string, rowCount: number, lineOf: (rowNumber: number) => string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.write(resultsHeader);
    for (let first = 1; first <= rowCount; first += 1_000) {
      let lines = '';
      for (let rowNumber = first; rowNumber < first + 1_000; rowNumber += 1) lines += lineOf(rowNumber);
      await file.write(lines);
    }
  } finally {
    await file.close();
  }
}

async function pageOf(files: JobFiles, timeZone?: string): Promise<OpenedPage> {
  const { path } = await reportOn(files, timeZone);
  return opened(await readFile(path, 'utf8'));
}

const failed = { status: 'failed', httpStatus: 503, attempts: 6, reason: { code: 'unavailable', text: null } } as const;
const refused = {
  status: 'refused',
  httpStatus: 400,
  reason: { code: 'target-refused', text: 'No such thing' },
} as const;
const invalid = {
  status: 'invalid',
  httpStatus: null,
  attempts: 0,
  durationMs: 0,
  reason: { code: 'id-empty', text: null },
} as const;

describe('the report on a finished job', () => {
  const rows = [
    row(1),
    row(2, failed),
    row(3, { attempts: 3, durationMs: 5000 }),
    row(4, refused),
    row(5, invalid),
    row(6),
  ];

  it('says in a sentence how it went', async () => {
    const { html } = await pageOf(await writeJob({ results: rows }));
    expect(html).toContain('Done, but 3 of 6 rows were not sent.');
  });

  it('has a section on what verify found, where it was asked', async () => {
    const files = await writeJob({ results: rows });
    expect((await pageOf(files)).html).not.toContain('Did it arrive');
    const lines = ['1,2,v1,applied,1,1,2026-11-25T12:00:00.000Z,', '2,3,v2,not-found,0,1,2026-11-25T12:00:00.000Z,'];
    await writeFile(files.verify, `${verifyHeader}${lines.join('\n')}\n`, { mode: 0o600 });
    await writeFile(files.notFound, '', { mode: 0o600 });
    const { html } = await pageOf(files);
    expect(html).toContain('Did it arrive');
    expect(html).toContain('2 visitors read back from Target');
    expect(html).toContain('.not-found.csv');
  });

  it('says that nothing went wrong where nothing did', async () => {
    const { html } = await pageOf(await writeJob({ results: [row(1), row(2)] }));
    expect(html).toContain('Done: all 2 rows.');
  });

  it('counts outcomes with their shares', async () => {
    const page = await pageOf(await writeJob({ results: rows, checkpoint: checkpoint({ totalRows: 6 }) }));
    expect(page.textOf('outcomes')).toMatch(
      /submitted 3 50\.0 % .*invalid 1 16\.7 % .*refused 1 16\.7 % .*failed 1 16\.7 %/,
    );
  });

  it('says which job it was, in local time and in UTC', async () => {
    const text = (await pageOf(await writeJob({ results: rows }))).textOf('job');
    expect(text).toContain('Client code acmeretail');
    expect(text).toContain('Endpoint https://acmeretail.tt.omtrdc.net');
    expect(text).toContain('Started 2026-01-30 21:00:00 Europe/Berlin (20:00:00 UTC)');
  });

  it('names reasons with their counts, first rows and lines, and what was answered', async () => {
    const text = (await pageOf(await writeJob({ results: [...rows, row(7, failed)] }))).textOf('reasons');
    expect(text).toMatch(/unavailable failed answered 503: later 2 28\.6 % row 2 \(line 3\), row 7 \(line 8\)/);
    expect(text).toMatch(/target-refused .* No such thing 1 14\.3 % row 4 \(line 5\)/);
  });

  it('lists the rows that were not sent in the order of the file', async () => {
    const page = await pageOf(await writeJob({ results: [row(5, invalid), row(2, failed), row(4, refused), row(1)] }));
    expect(page.rejected).toEqual([
      ['2', '3', 'c2', 'failed', '503', '6', 'unavailable'],
      ['4', '5', 'c4', 'refused', '400', '1', 'target-refused No such thing'],
      ['5', '6', 'c5', 'invalid', '', '0', 'id-empty'],
    ]);
  });

  it('shows reply times with and without the rows with several attempts', async () => {
    const text = (await pageOf(await writeJob({ results: rows }))).textOf('replies');
    expect(text).toMatch(/With one attempt 3 40 ms 40 ms 40 ms 40 ms With one or more 5 41 ms 5\.00 s 5\.00 s 5\.00 s/);
    expect(text).toContain('pauses between attempts and waits included');
  });

  it('counts rows by their attempts', async () => {
    const text = (await pageOf(await writeJob({ results: rows }))).textOf('attempts');
    expect(text).toMatch(/12 attempts .* 0 1 16\.7 % 1 3 50\.0 % 3 1 16\.7 % 6 1 16\.7 %/);
  });

  it('draws rows a second, percentiles and attempts by the hour', async () => {
    const later = { finishedAtMs: startMs + 3_600_000 };
    const { island } = await pageOf(
      await writeJob({ results: [...rows, row(7, { ...later, attempts: 2 }), row(8, later)] }),
    );
    const chart = (mount: string) => island.charts.find((found) => found.mount === mount);
    expect(chart('rows-chart')?.series.map(({ label }) => label)).toEqual([
      'submitted',
      'invalid',
      'refused',
      'failed',
    ]);
    expect(chart('rejected-chart')?.series.map(({ label }) => label)).toEqual(['invalid', 'refused', 'failed']);
    expect(chart('replies-chart')?.series.map(({ label }) => label)).toEqual(['p50', 'p95', 'p99']);
    expect(chart('attempts-chart')?.series).toMatchObject([{ values: [12, 3, null] }, { values: [12, 15, 15] }]);
    for (const { xSeconds, series } of island.charts) {
      for (const { values } of series) expect(values).toHaveLength(xSeconds.length);
    }
  });

  it("says how the cap's ledger stood, and what is approximate", async () => {
    const cap = { limit: 1000, used: 700, left: 300, next_free_at: null };
    const summary = JSON.stringify({ ended_at: '2026-01-30T20:01:00.000Z', cap });
    const text = (await pageOf(await writeJob({ results: rows, summary }))).textOf('cap');
    expect(text).toContain('Most in 24 hours 12 attempts, 1.2 % of the cap');
    expect(text).toContain('700 used by all jobs, 300 left');
    expect(text).toContain('Approximate');
  });

  it('tells where the rejects are, if there are any', async () => {
    const files = await writeJob({ results: rows });
    expect((await pageOf(files)).textOf('rejected')).not.toContain('rejects.csv');
    await writeFile(files.rejects, 'thirdPartyId,a\n');
    expect((await pageOf(files)).textOf('rejected')).toContain('corrected and sent in drop.csv.rejects.csv');
  });

  it('is for its owner alone, takes the place of an earlier one, and leaves nothing else behind', async () => {
    const files = await writeJob({ results: rows });
    await writeFile(files.report, 'yesterday');
    const before = await readdir(files.folder);
    const { path, sizeBytes } = await reportOn(files);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(path)).size).toBe(sizeBytes);
    expect(await readdir(files.folder)).toEqual(before);
  });
});

describe('the report on a job that is not finished', () => {
  it('says so, and how many rows are still to be sent', async () => {
    const open = checkpoint({ state: 'open', exitStatus: null, totalRows: 10 });
    const page = await pageOf(await writeJob({ results: [row(1), row(2, failed)], checkpoint: open }));
    expect(page.html).toContain('2 of 10 rows ended, 1 not sent.');
    expect(page.textOf('outcomes')).toContain('not ended yet 8 80.0 %');
  });

  it('says why it stopped and what to do, with the main figures first', async () => {
    const open = checkpoint({ state: 'open', exitStatus: null, totalRows: 10 });
    const error = { code: 'cap-used', message: 'the cap is used up' };
    const cap = { limit: 1000, used: 1000, left: 0, next_free_at: null };
    const ended_at = '2026-01-30T20:01:00.000Z';
    const summary = JSON.stringify({ run_id: 'run-1', ended_at, exit_status: 4, error, cap });
    const files = await writeJob({ results: [row(1), row(2, failed)], checkpoint: open, summary });
    const { html, textOf } = await pageOf(files);
    expect(html).toContain('<strong>Why it stopped:</strong> the cap is used up <code class="nowrap">cap-used</code>');
    expect(html).toContain(`<code>profile-drip send --client-code acmeretail ${files.folder}/drop.csv</code>`);
    expect(html.indexOf('id="figures"')).toBeLessThan(html.indexOf('<section'));
    expect(textOf('figures')).toMatch(
      /Submitted 1 10\.0 % Not sent 1 1 failed Skipped 0 Still to send 8 80\.0 % Rows a second 2\.0 .* Cap used 100 % 1,000 of 1,000, 0 left/,
    );
  });

  it('leaves out what is empty', async () => {
    const { html } = await pageOf(await writeJob({ results: [row(1)] }));
    expect(html).not.toContain('id="rejected"');
    expect(html).not.toContain('id="reasons"');
    expect(html).not.toContain('>refused<');
  });

  it('counts whole lines alone where a killed run left a part of one, and says so', async () => {
    const files = await writeJob({ results: [row(1), row(2)] });
    await appendFile(files.results, '3,4,c3,subm');
    const { rowCount, unreadBytes } = await reportOn(files);
    expect([rowCount, unreadBytes]).toEqual([2, 11]);
    expect((await pageOf(files)).textOf('job')).toContain(
      'the last 11 bytes of drop.csv.results.csv are not a whole line',
    );
  });

  it('says that no row has ended where there is a header alone, or a part of it', async () => {
    const open = checkpoint({ state: 'open', exitStatus: null });
    for (const results of [resultsHeader, '', 'row,li']) {
      const page = await pageOf(await writeJob({ results, checkpoint: open }));
      expect(page.html).toContain('no row has ended yet.');
      expect(page.island.charts).toEqual([]);
    }
  });

  it('is made from the results alone where the checkpoint or the summary is missing or damaged', async () => {
    const files = await writeJob({ results: [row(1)], checkpoint: null });
    expect((await pageOf(files)).html).toContain('It is not known whether this job is finished: 1 row ended.');
    await writeFile(files.checkpoint, '{"schema": 1, "state"');
    await writeFile(files.summary, '{"cap": 7}');
    expect((await pageOf(files)).textOf('job')).toContain('cannot be read');
  });

  it('counts the rows that were superseded when the file changed', async () => {
    const counts = { ...checkpoint().counts, superseded: 3 };
    const closed = checkpoint({ state: 'closed', exitStatus: 0, totalRows: 5, counts });
    const page = await pageOf(await writeJob({ results: [row(1), row(2)], checkpoint: closed }));
    expect(page.html).toContain('Closed before its end');
    expect(page.textOf('outcomes')).toContain('superseded 3 60.0 %');
    expect(page.textOf('outcomes')).not.toContain('not ended yet');
  });
});

describe('results that cannot be reported on', () => {
  it('are an error that says what to do where there are none', async () => {
    const files = await writeJob({ results: null });
    await expect(reportOn(files)).rejects.toMatchObject({
      code: 'results-missing',
      exitStatus: 2,
      message: expect.stringMatching(/expected .*drop\.csv\.results\.csv, found no such file\. Send the file first/),
    });
  });

  it('are pointed to where the file was sent to a sandbox', async () => {
    const files = await writeJob({ results: null });
    const inSandbox = `${dirname(files.results)}/drop.csv.sandbox.results.csv`;
    await writeFile(inSandbox, resultsHeader);
    await expect(reportOn(files)).rejects.toThrow(`profile-drip report ${inSandbox}`);
  });

  it('are refused where the file is something else, and no page is made', async () => {
    const files = await writeJob({ results: 'thirdPartyId,a,b\n1,2,3\n' });
    await expect(reportOn(files)).rejects.toMatchObject({ code: 'results-strange', exitStatus: 2 });
    await expect(stat(files.report)).rejects.toMatchObject({ code: 'ENOENT' });
    const folder = await writeJob({ results: null });
    await mkdir(folder.results);
    await expect(reportOn(folder)).rejects.toMatchObject({ exitStatus: 2 });
  });
});

describe('the size of a report', () => {
  it('stays under 5 MB for a million rows, a fifth of them not sent', async () => {
    const files = await writeJob({ results: null, checkpoint: checkpoint({ totalRows: 1_000_000 }) });
    const random = seededRandom(1);
    await writeRows(files.results, 1_000_000, (rowNumber) => {
      const fate = random.next();
      const so =
        fate < 0.1
          ? 'failed,503,6'
          : fate < 0.2
            ? 'refused,400,1'
            : fate < 0.25
              ? 'submitted,200,2'
              : 'submitted,200,1';
      const why = fate < 0.1 ? 'unavailable' : fate < 0.2 ? 'target-refused: No such thing' : '';
      const finishedAt = new Date(startMs + rowNumber * 86).toISOString();
      return `${rowNumber},${rowNumber + 1},c${rowNumber},${so},${Math.round(20 + fate * 400)},${finishedAt},${why},update\n`;
    });
    const { rowCount, rejectedCount, sizeBytes } = await reportOn(files);
    expect(rowCount).toBe(1_000_000);
    expect(rejectedCount).toBeGreaterThan(190_000);
    expect(sizeBytes).toBeLessThan(5_000_000);
    const page = opened(await readFile(files.report, 'utf8'));
    expect(page.rejected).toHaveLength(5_000);
    expect(page.textOf('rejected')).toContain(`The first 5,000 of ${rejectedCount.toLocaleString('en-US')} rows`);
    expect(page.island.charts.every(({ xSeconds }) => xSeconds.length <= 361)).toBe(true);
  }, 120_000);

  it('stays under 5 MB where every id and reason is as long as it can be, and costs most to write', async () => {
    const files = await writeJob({ results: null });
    const text = "'".repeat(200);
    await writeRows(files.results, 2_000, (rowNumber) =>
      resultLine(
        row(rowNumber, {
          ...(rowNumber % 2 === 0 ? refused : failed),
          id: '"'.repeat(rowNumber <= 5 ? 100_000 : 256),
          reason: { code: rowNumber % 2 === 0 ? 'target-refused' : 'timeout', text },
        }),
      ),
    );
    const { rowCount, sizeBytes } = await reportOn(files);
    expect(rowCount).toBe(2_000);
    expect(sizeBytes).toBeLessThan(5_000_000);
  });
});
