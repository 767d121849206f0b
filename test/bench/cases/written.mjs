import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../parts/child.mjs';
import { figure, spread } from '../parts/figures.mjs';

const remember = fileURLToPath(new URL('../parts/remember.mjs', import.meta.url));

/** What a folder's memory writes to the disk for each row of a first night, by /proc/self/io: in the order of ids, and at random. */
export async function written(bench) {
  const rowCount = bench.rows ?? 1_000_000;
  const figures = [];
  for (const order of ['sorted', 'random']) {
    const stateDir = join(bench.folder, `written-${order}`);
    const { stdout } = await run(process.execPath, [remember, stateDir, String(rowCount), order], {});
    const { bytes, seconds } = JSON.parse(stdout);
    await rm(stateDir, { recursive: true });
    const perRow = { calls: bytes.calls / rowCount, pages: bytes.pages / rowCount };
    bench.say(`written, ${order}: ${Math.round(perRow.calls)} and ${Math.round(perRow.pages)} bytes a row`);
    const words = order === 'sorted' ? 'ids in order' : 'ids at random';
    figures.push(
      figure('written', `${words}: a changed row, by write calls`, 'bytes', spread([perRow.calls]), { atMost: 3_000 }),
    );
    figures.push(figure('written', `${words}: a changed row, as the kernel counts`, 'bytes', spread([perRow.pages])));
    figures.push(figure('written', `${words}: marked and settled`, 'rows/s', spread([rowCount / seconds])));
  }
  return figures;
}
