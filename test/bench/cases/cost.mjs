import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { figure, spread } from '../parts/figures.mjs';
import { forgetJob, runClient } from '../parts/program.mjs';
import { writeBatch } from '../parts/rows.mjs';

const byTurns = fileURLToPath(new URL('../by-turns.mjs', import.meta.url));
const parts = ['ledger', 'checkpoint', 'report', 'all'];
/** What each costs by itself has no goal: it is measured in this many runs at most. */
const partRunsMax = 3;
/** Turns in which code is compiled and connections are made: they do not count. */
const warmUpTurns = 12;

/**
 * What ledger, checkpoint and report cost: throughput with everything on, by throughput with them off, in short turns
 * within one run. What is done once a run, opening and closing them, is in `throughput`.
 */
export async function cost(bench) {
  const rowCount = bench.rows ?? 800_000;
  const file = join(bench.folder, 'cost.csv');
  await writeBatch(file, rowCount);
  const runs = Object.fromEntries(parts.map((part) => [part, []]));
  for (let run = 0; run < bench.pairs; run += 1) {
    for (const part of parts) {
      if (part !== 'all' && run >= partRunsMax) continue;
      await forgetJob(bench);
      const args = [byTurns, part, file, `${rowCount}`, bench.server.url, bench.folder, '64'];
      const ended = await runClient(bench, args);
      if (ended.seen.requestCount !== rowCount) throw new Error(`${part}: ${ended.seen.requestCount} requests`);
      const measured = sumUp(JSON.parse(ended.stdout));
      if (measured === null) {
        bench.say(`cost: ${rowCount} rows are too few to take turns in; --rows 200000 or more`);
        return [];
      }
      runs[part].push(measured);
      bench.say(`cost ${run + 1}/${bench.pairs}: on / without ${part} ${measured.speedRatio.toFixed(3)}`);
    }
  }
  const of = (part, key) => spread(runs[part].map((each) => each[key]));
  const figures = [figure('cost', 'everything on', 'rows/s', of('all', 'rowsPerSecond'))];
  for (const part of parts) {
    const [name, goal] = part === 'all' ? ['all three', { atLeast: 0.95 }] : [part, {}];
    figures.push(
      figure('cost', `everything on / without ${name}`, 'ratio', of(part, 'speedRatio'), goal),
      figure('cost', 'the same, CPU a row', 'ratio', of(part, 'cpuRatio')),
    );
  }
  return figures;
}

/** One run's turns that count: whole pairs of one with and one without. `null`: there are none. */
function sumUp(turns) {
  const counted = turns.slice(warmUpTurns, turns.length - (turns.length % 2));
  if (counted.length === 0) return null;
  const total = (isOff, key) =>
    counted.filter((turn) => turn.isOff === isOff).reduce((sum, turn) => sum + turn[key], 0);
  const rowsPerMs = (isOff) => total(isOff, 'rowCount') / total(isOff, 'ms');
  const cpuPerRow = (isOff) => total(isOff, 'cpuMicroseconds') / total(isOff, 'rowCount');
  return {
    rowsPerSecond: rowsPerMs(false) * 1000,
    speedRatio: rowsPerMs(false) / rowsPerMs(true),
    cpuRatio: cpuPerRow(false) / cpuPerRow(true),
  };
}
