import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../parts/child.mjs';
import { figure, ratios, spread } from '../parts/figures.mjs';
import { cli } from '../parts/program.mjs';
import { writeBatch } from '../parts/rows.mjs';

/** `check` beside csv-parse alone on the same file, without and with what tells where a record ends. */
export async function check(bench) {
  // A start takes as long as 50,000 rows: of a file this long it is a twentieth.
  const rowCount = bench.rows ?? 1_000_000;
  const file = join(bench.folder, 'check.csv');
  await writeBatch(file, rowCount);
  const alone = fileURLToPath(new URL('../peers/csv-parse.mjs', import.meta.url));
  const own = [
    'check',
    file,
    '--client-code',
    'bench',
    '--state-dir',
    join(bench.folder, 'state'),
    '--progress',
    'none',
  ];
  const programs = {
    check: [cli, ...own],
    'csv-parse': [alone, file],
    'csv-parse with info': [alone, file, 'info'],
  };
  const runs = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  for (let pair = 0; pair < bench.pairs; pair += 1) {
    for (const [name, args] of Object.entries(programs)) {
      const { wallSeconds, cpuSeconds, memoryBytes } = await run(process.execPath, args, { sampleMs: 20 });
      const perSecond = rowCount / wallSeconds;
      runs[name].push({ perSecond, cpu: (cpuSeconds * 1e6) / rowCount, peakMb: Math.max(...memoryBytes) / 1e6 });
    }
    bench.say(`check ${pair + 1}/${bench.pairs}: ${Math.round(runs.check.at(-1).perSecond)} rows/s`);
  }
  const of = (name, key) => runs[name].map((each) => each[key]);
  const figures = Object.keys(programs).flatMap((name) => [
    figure('check', name, 'rows/s', spread(of(name, 'perSecond'))),
    figure('check', `${name}, CPU`, 'µs/row', spread(of(name, 'cpu'))),
  ]);
  return [
    ...figures,
    figure('check', 'check / csv-parse', 'ratio', ratios(of('check', 'perSecond'), of('csv-parse', 'perSecond')), {
      atLeast: 0.7,
    }),
    figure(
      'check',
      'check / csv-parse with info',
      'ratio',
      ratios(of('check', 'perSecond'), of('csv-parse with info', 'perSecond')),
    ),
    figure('check', 'check, anonymous memory', 'MB', spread(of('check', 'peakMb'))),
  ];
}
