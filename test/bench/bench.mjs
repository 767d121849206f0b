/**
 * npm run bench [-- --only NAME[,NAME]] [--pairs N] [--rows N] [--json PATH]
 *
 * Measures the program beside what people would use instead, each run next to a run of its reference: absolute figures
 * move from run to run and from machine to machine, ratios within one run hold. Cases with large files run only when
 * they are named.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { changedOnly } from './cases/changed-only.mjs';
import { check } from './cases/check.mjs';
import { cost } from './cases/cost.mjs';
import { deliveryRoute } from './cases/delivery.mjs';
import { drop } from './cases/drop.mjs';
import { latency, rate } from './cases/latency.mjs';
import { memory } from './cases/memory.mjs';
import { resume } from './cases/resume.mjs';
import { serve, serveSoak } from './cases/serve.mjs';
import { start } from './cases/start.mjs';
import { state } from './cases/state.mjs';
import { throughput } from './cases/throughput.mjs';
import { written } from './cases/written.mjs';
import { table } from './parts/figures.mjs';
import { startServer } from './parts/server-process.mjs';

/** Some twenty minutes in all. */
const quickCases = { start, throughput, cost, latency, check };
/** A minute; ten to twenty; two; three; five; five; one; two; four; four. */
const namedCases = {
  rate,
  memory,
  resume,
  'changed-only': changedOnly,
  drop,
  delivery: deliveryRoute,
  serve,
  'serve-soak': serveSoak,
  state,
  written,
};
const cases = { ...quickCases, ...namedCases };

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    pairs: { type: 'string', default: '10' },
    rows: { type: 'string' },
    json: { type: 'string', default: join(tmpdir(), 'profile-drip-bench.json') },
  },
});
const chosen = values.only?.split(',') ?? Object.keys(quickCases);
const pairs = Number(values.pairs);
const rows = values.rows === undefined ? undefined : Number(values.rows);
const unknown = chosen.find((name) => !Object.hasOwn(cases, name));
const isWholeNumber = (value) => Number.isSafeInteger(value) && value > 0;
if (unknown !== undefined || !isWholeNumber(pairs) || (rows !== undefined && !isWholeNumber(rows))) {
  const known = Object.keys(cases).join(', ');
  process.stderr.write(`bench: expected --only with names out of ${known}; --pairs and --rows with whole numbers\n`);
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'profile-drip-bench-'));
const server = await startServer();
const say = (line) => process.stderr.write(`${line}\n`);
const figures = [];
try {
  for (const name of chosen) figures.push(...(await cases[name]({ folder, server, pairs, rows, say })));
} finally {
  server.close();
  await rm(folder, { recursive: true });
}
const machine = { node: process.version, platform: platform(), arch: arch(), cpus: cpus().map(({ model }) => model) };
await writeFile(values.json, `${JSON.stringify({ machine, pairs, figures }, null, 2)}\n`);
process.stdout.write(`${table(figures)}\n${values.json} holds the same as JSON.\n`);
