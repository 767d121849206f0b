import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../parts/child.mjs';
import { figure, spread } from '../parts/figures.mjs';
import { cli, forgetJob, runSend, sendArguments } from '../parts/program.mjs';
import { writeBatch } from '../parts/rows.mjs';

async function folderBytes(folder) {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath ?? entry.path, entry.name))).size;
  }
  return bytes;
}

/** Two nights with `--changed-only`: all visitors are new, then none has changed. */
export async function changedOnly(bench) {
  const rowCount = bench.rows ?? 1_000_000;
  const file = join(bench.folder, 'changed-only.csv');
  const more = ['--changed-only'];
  await writeBatch(file, rowCount);
  const first = await runSend(bench, file, { more, rowCount, sampleMs: 20 });
  bench.say(`changed-only, first night: ${Math.round(first.rowsPerSecond)} rows/s`);
  await forgetJob(bench);
  await bench.server.reset();
  const second = await run(process.execPath, [cli, ...sendArguments(bench, file, { more })], { sampleMs: 20 });
  const sent = (await bench.server.look()).requestCount;
  const stateBytes = await folderBytes(join(bench.folder, 'state'));
  await rm(file);
  const peak = ({ memoryBytes }) => spread([Math.max(...memoryBytes) / 1e6]);
  return [
    figure('changed-only', 'first night, all are sent', 'rows/s', spread([first.rowsPerSecond])),
    figure('changed-only', 'second night, none has changed', 'rows/s', spread([rowCount / second.wallSeconds])),
    figure('changed-only', 'rows sent in the second night', 'rows', spread([sent]), { atMost: 0 }),
    figure('changed-only', 'first night, anonymous memory', 'MB', peak(first), { atMost: 200 }),
    figure('changed-only', 'second night, anonymous memory', 'MB', peak(second), { atMost: 200 }),
    figure('changed-only', 'state directory, for each visitor', 'bytes', spread([stateBytes / rowCount])),
  ];
}
