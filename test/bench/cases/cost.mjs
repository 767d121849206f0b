import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { figure, ratios, spread } from '../parts/figures.mjs';
import { forgetJob, runClient } from '../parts/program.mjs';
import { writeBatch } from '../parts/rows.mjs';

const without = fileURLToPath(new URL('../without.mjs', import.meta.url));
const parts = ['ledger', 'checkpoint', 'report', 'nothing', 'all'];
/** What each costs by itself has no goal: it runs in so many pairs at most. */
const partPairsMax = 3;
const isGoal = (part) => part === 'nothing' || part === 'all';

/** What ledger, checkpoint and report cost: throughput with everything on, by throughput with each of them off. */
export async function cost(bench) {
  // Some 8 seconds, so that opening the ledger and the report, once each, does not decide.
  const rowCount = bench.rows ?? 150_000;
  const file = join(bench.folder, 'cost.csv');
  await writeBatch(file, rowCount);
  const runs = Object.fromEntries(parts.map((part) => [part, []]));
  for (let pair = 0; pair < bench.pairs; pair += 1) {
    // There and back: a machine that grows slower or faster meanwhile favours neither.
    for (const part of pair % 2 === 0 ? parts : parts.toReversed()) {
      if (pair >= partPairsMax && !isGoal(part)) continue;
      await forgetJob(bench);
      const ended = await runClient(bench, [without, part, file, bench.server.url, bench.folder, '64']);
      if (ended.seen.requestCount !== rowCount) throw new Error(`without ${part}: ${ended.seen.requestCount} requests`);
      runs[part].push(ended);
      bench.say(`cost ${pair + 1}/${bench.pairs}: without ${part} ${Math.round(ended.rowsPerSecond)} rows/s`);
    }
  }
  const of = (part, key) => runs[part].map((each) => each[key]);
  const figures = [figure('cost', 'everything on', 'rows/s', spread(of('nothing', 'rowsPerSecond')))];
  for (const part of parts.filter((each) => each !== 'nothing')) {
    const goal = part === 'all' ? { atLeast: 0.95 } : {};
    const name = part === 'all' ? 'all three' : part;
    figures.push(
      figure(
        'cost',
        `everything on / without ${name}`,
        'ratio',
        ratios(of('nothing', 'rowsPerSecond'), of(part, 'rowsPerSecond')),
        goal,
      ),
      figure(
        'cost',
        `the same, CPU a row`,
        'ratio',
        ratios(of('nothing', 'cpuMicrosecondsPerRow'), of(part, 'cpuMicrosecondsPerRow')),
      ),
    );
  }
  return figures;
}
