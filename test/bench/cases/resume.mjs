import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../parts/child.mjs';
import { figure, ratios, spread } from '../parts/figures.mjs';
import { cli, forgetJob, sendArguments } from '../parts/program.mjs';
import { writeBatch } from '../parts/rows.mjs';

const capUsedUp = 4;

/**
 * How soon the first request is out: of a job that resumes at row 9,900,000 of 10,000,000, and of a new one.
 * The cap ends each run after a row or two: the first row goes out, then come rows without a value, which are skipped
 * as fast as they are read, and from the 9,900,000th on there is something to send again.
 */
export async function resume(bench) {
  const rowCount = bench.rows ?? 10_000_000;
  const resumeRow = Math.floor(rowCount * 0.99);
  const file = join(bench.folder, 'resume.csv');
  await writeBatch(file, rowCount, { isEmpty: (rowNumber) => rowNumber > 1 && rowNumber < resumeRow });
  let cap = 0;
  const firstRequestSeconds = async (name) => {
    await bench.server.reset();
    cap += 1;
    const first = bench.server.firstRequest();
    const args = sendArguments(bench, file, {
      name,
      stateDir: 'resume-state',
      dailyCap: cap,
      more: ['--on-cap', 'stop'],
    });
    // A fresh job would read on through the rows that are skipped: it is killed once its row is out.
    const ended = await run(
      process.execPath,
      [cli, ...args],
      name === 'fresh' ? { endWhen: first } : { statuses: [capUsedUp] },
    );
    return ((await first) - ended.startedAtMs) / 1000;
  };
  cap = 1;
  bench.say(`resume: making a job of ${resumeRow} rows`);
  await firstRequestSeconds('job');
  const fresh = [];
  const resumed = [];
  for (let pair = 0; pair < bench.pairs; pair += 1) {
    fresh.push(await firstRequestSeconds('fresh'));
    await forgetJob(bench, 'fresh');
    await rm(join(bench.folder, 'fresh.lock'), { force: true });
    resumed.push(await firstRequestSeconds('job'));
    bench.say(
      `resume ${pair + 1}/${bench.pairs}: fresh ${fresh.at(-1).toFixed(3)} s, resumed ${resumed.at(-1).toFixed(3)} s`,
    );
  }
  await rm(file);
  await forgetJob(bench);
  return [
    figure('resume', 'first request, fresh', 's', spread(fresh)),
    figure('resume', `first request, from row ${resumeRow.toLocaleString('en')}`, 's', spread(resumed)),
    figure('resume', 'resumed / fresh', 'ratio', ratios(resumed, fresh), { atMost: 1.5 }),
  ];
}
