import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { figure, spread } from '../parts/figures.mjs';
import { forgetJob, runSend } from '../parts/program.mjs';
import { writeBatch } from '../parts/rows.mjs';

const megabyte = 1e6;

async function peakOf(bench, name, rowCount, { batch, serverOptions } = {}) {
  const file = join(bench.folder, `memory-${name}.csv`);
  await writeBatch(file, rowCount, batch);
  const check = serverOptions === undefined ? { rowCount } : {}; // an attempt that timed out at the stall goes out again
  const { memoryBytes, rowsPerSecond } = await runSend(bench, file, { serverOptions, ...check, sampleMs: 20 });
  await rm(file);
  await forgetJob(bench);
  if (memoryBytes.length === 0) throw new Error('memory can be measured on Linux alone: there is no /proc here');
  const peak = Math.max(...memoryBytes) / megabyte;
  bench.say(`memory: ${name}, ${rowCount} rows: ${peak.toFixed(0)} MB at most, ${Math.round(rowsPerSecond)} rows/s`);
  return peak;
}

/** The most anonymous memory: a long file beside a short one, a visitor in every second row, a server that stalls. */
export async function memory(bench) {
  const manyRows = bench.rows ?? 10_000_000;
  const hot = { visitorOf: (rowNumber) => (rowNumber % 2 === 0 ? 0 : rowNumber) };
  const few = [];
  for (let time = 0; time < 3; time += 1) few.push(await peakOf(bench, 'few', 100_000));
  const many = await peakOf(bench, 'many', manyRows);
  const hotPeak = await peakOf(bench, 'hot', 200_000, { batch: hot });
  const stalledPeak = await peakOf(bench, 'stalled', 200_000, {
    serverOptions: { stallAfter: 100_000, stallMs: 30_000 },
  });
  const limit = { atMost: 200 };
  return [
    figure('memory', '100,000 rows', 'MB', spread(few), limit),
    figure('memory', `${manyRows.toLocaleString('en')} rows`, 'MB', spread([many]), limit),
    figure('memory', 'many rows / 100,000 rows', 'ratio', spread(few.map((each) => many / each)), { atMost: 1.1 }),
    figure('memory', 'one visitor in every second row', 'MB', spread([hotPeak]), limit),
    figure('memory', 'a server that stalls for 30 s', 'MB', spread([stalledPeak]), limit),
  ];
}
