import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { figure, ratios, spread } from '../parts/figures.mjs';
import { cli, runClient } from '../parts/program.mjs';

const sizes = [500, 4000];

/** A folder of small files, a row each: files a second, and whether one costs more where there are many. */
export async function drop(bench) {
  const perSecond = new Map(sizes.map((size) => [size, []]));
  for (let pair = 0; pair < Math.ceil(bench.pairs / 3); pair += 1) {
    for (const size of sizes) perSecond.get(size).push(await filesPerSecond(bench, size));
  }
  const [few, many] = sizes.map((size) => perSecond.get(size));
  return [
    ...sizes.map((size) => figure('drop', `${size} files of one row`, 'files/s', spread(perSecond.get(size)))),
    figure('drop', `cost of a file among ${sizes[1]} / among ${sizes[0]}`, 'ratio', ratios(few, many), { atMost: 1.2 }),
  ];
}

async function filesPerSecond(bench, size) {
  const folder = join(bench.folder, 'drop');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (let number = 0; number < size; number += 1) {
    const name = `f${String(number).padStart(5, '0')}.csv`;
    await writeFile(join(folder, name), `batch=thirdPartyId,city\n${number},x\n`);
  }
  const { seen, rowsPerSecond } = await runClient(bench, [
    ...[cli, 'drop', folder, '--client-code', 'bench', '--endpoint', bench.server.url, '--settle', '0'],
    ...['--state-dir', join(bench.folder, 'state'), '--rate', '0', '--progress', 'none'],
  ]);
  if (seen.requestCount !== size) throw new Error(`expected ${size} requests; the server saw ${seen.requestCount}`);
  return rowsPerSecond;
}
