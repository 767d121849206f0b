import { join } from 'node:path';
import { figure, ratios, spread } from '../parts/figures.mjs';
import { runSend } from '../parts/program.mjs';
import { writeBatch } from '../parts/rows.mjs';

const update = 'single updates';
const delivery = '--route delivery';
const optionsOf = { [update]: [], [delivery]: ['--route', 'delivery', '--delivery-cap', '1000000000'] };

/** The Delivery API beside single updates: a session id and JSON for each row, and replies that are read. */
export async function deliveryRoute(bench) {
  const rowCount = bench.rows ?? 200_000;
  const file = join(bench.folder, 'delivery.csv');
  await writeBatch(file, rowCount);
  const runs = { [update]: [], [delivery]: [] };
  const runOnce = (name) => runSend(bench, file, { concurrency: 64, rowCount, more: optionsOf[name] });
  for (const name of Object.keys(runs)) await runOnce(name); // warms the page cache and makes the ledgers
  for (let pair = 0; pair < bench.pairs; pair += 1) {
    for (const [name, all] of Object.entries(runs)) {
      all.push(await runOnce(name));
      bench.say(`delivery ${pair + 1}/${bench.pairs}: ${name} ${Math.round(all.at(-1).rowsPerSecond)} rows/s`);
    }
  }
  const of = (name, key) => runs[name].map((each) => each[key]);
  const ratio = ratios(of(delivery, 'rowsPerSecond'), of(update, 'rowsPerSecond'));
  return [
    ...Object.keys(runs).flatMap((name) => [
      figure('delivery', name, 'rows/s', spread(of(name, 'rowsPerSecond'))),
      figure('delivery', `${name}, CPU`, 'µs/row', spread(of(name, 'cpuMicrosecondsPerRow'))),
    ]),
    figure('delivery', `${delivery} / ${update}`, 'ratio', ratio, { atLeast: 0.8 }),
  ];
}
