import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../parts/child.mjs';
import { figure, spread } from '../parts/figures.mjs';
import { startDelay, startPostgres } from '../parts/postgres.mjs';
import { cli, forgetJob, runSend, sendArguments } from '../parts/program.mjs';
import { writeBatch } from '../parts/rows.mjs';

const roundTripMs = 10;
const pairsMax = 5;
/** How fast a file is whose rows are all unchanged. */
const goals = { folder: 50_000, loopback: 20_000, distant: 10_000 };

/** The state in a folder, in PostgreSQL on this machine, and in the same with 10 ms between: speed of sending, and of skipping. */
export async function state(bench) {
  const rowCount = bench.rows ?? 200_000;
  const file = join(bench.folder, 'state.csv');
  await writeBatch(file, rowCount);
  const postgres = await startPostgres();
  const delay = await startDelay(postgres.port, roundTripMs);
  const urlOf = (port, database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`;
  const homes = { folder: null, loopback: urlOf(postgres.port), distant: urlOf(delay.port) };
  const words = { folder: 'a folder', loopback: 'PostgreSQL', distant: `PostgreSQL, ${roundTripMs} ms away` };
  const speeds = Object.fromEntries(Object.keys(homes).map((name) => [name, []]));
  const figures = [];
  try {
    for (let turn = 0; turn < Math.min(bench.pairs, pairsMax); turn += 1) {
      for (const [name, stateUrl] of Object.entries(homes)) {
        const { rowsPerSecond } = await runSend(bench, file, { rowCount, stateUrl });
        speeds[name].push(rowsPerSecond);
        bench.say(`state ${turn + 1}: ${words[name]}: ${Math.round(rowsPerSecond)} rows/s`);
      }
    }
    for (const name of Object.keys(homes)) figures.push(figure('state', words[name], 'rows/s', spread(speeds[name])));
    for (const name of ['loopback', 'distant']) {
      const ratios = speeds[name].map((speed, turn) => speed / speeds.folder[turn]);
      figures.push(figure('state', `${words[name]} / a folder`, 'ratio', spread(ratios), { atLeast: 0.95 }));
    }
    // Each has a memory of its own: after plain runs over one, an hour has to pass before anything is known for sure.
    const ports = { folder: null, loopback: postgres.port, distant: delay.port };
    for (const [name, port] of Object.entries(ports)) {
      if (port !== null) await postgres.createDatabase(name);
      const home = port === null ? { stateDir: 'nights' } : { stateUrl: urlOf(port, name) };
      figures.push(...(await nights(bench, file, rowCount, words[name], home, goals[name])));
    }
  } finally {
    delay.close();
    await postgres.close();
    await rm(file);
  }
  return figures;
}

/** Two nights with `--changed-only`. */
async function nights(bench, file, rowCount, words, home, goal) {
  const more = ['--changed-only'];
  const first = await runSend(bench, file, { more, rowCount, ...home });
  await forgetJob(bench);
  await bench.server.reset();
  const second = await run(process.execPath, [cli, ...sendArguments(bench, file, { more, ...home })], {});
  const { requestCount } = await bench.server.look();
  const perSecond = rowCount / second.wallSeconds;
  bench.say(
    `state, ${words}: first night ${Math.round(first.rowsPerSecond)}, second night ${Math.round(perSecond)} rows/s`,
  );
  return [
    figure('state', `${words}: first night`, 'rows/s', spread([first.rowsPerSecond])),
    figure('state', `${words}: none has changed`, 'rows/s', spread([perSecond]), { atLeast: goal }),
    figure('state', `${words}: rows sent in the second night`, 'rows', spread([requestCount]), { atMost: 0 }),
  ];
}
