import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { figure, spread } from '../parts/figures.mjs';
import { forgetJob, runClient, runSend } from '../parts/program.mjs';
import { writeBatch, writeBodies } from '../parts/rows.mjs';

const delayMs = 80;
const concurrency = 256;

/** A server that takes 80 ms for an answer on average, 256 at once: 3,200 rows a second are there to be had. */
export async function latency(bench) {
  // A minute of it, so that its first second, in which connections and compiled code are made, does not decide.
  const rowCount = bench.rows ?? concurrency * 800;
  const file = join(bench.folder, 'latency.csv');
  const bodies = join(bench.folder, 'latency.bodies');
  await writeBatch(file, rowCount);
  await writeBodies(bodies, rowCount);
  const possible = concurrency / (delayMs / 1000);
  const bare = fileURLToPath(new URL('../peers/undici-request.mjs', import.meta.url));
  const serverOptions = { delayMs };
  const own = [];
  const reference = [];
  for (let pair = 0; pair < Math.min(3, bench.pairs); pair += 1) {
    own.push(await runSend(bench, file, { concurrency, serverOptions, rowCount }));
    const args = [bare, bench.server.url, bodies, `${concurrency}`];
    reference.push(await runClient(bench, args, { serverOptions }));
    const [ours, undicis] = [own, reference].map((runs) => (runs.at(-1).rowsPerSecond / possible).toFixed(3));
    bench.say(`latency ${pair + 1}: ${ours}, undici ${undicis}`);
  }
  const shares = (runs) => spread(runs.map(({ rowsPerSecond }) => rowsPerSecond / possible));
  const delaysMs = (runs) => spread(runs.map(({ seen }) => seen.delayedMs / seen.requestCount));
  return [
    figure('latency', 'profile-drip, of 256 / 0.08 s', 'ratio', shares(own), { atLeast: 0.97 }),
    figure('latency', 'what the server took for an answer', 'ms', delaysMs(own)),
    figure('latency', 'undici request, of 256 / 0.08 s', 'ratio', shares(reference)),
    figure('latency', 'what the server took for an answer', 'ms', delaysMs(reference)),
  ];
}

/** `--rate 500` for a minute: the attempts' own starts, as the step sees them in which their bytes leave. */
export async function rate(bench) {
  const ratePerSecond = 500;
  const rowCount = bench.rows ?? ratePerSecond * 60;
  const file = join(bench.folder, 'rate.csv');
  await writeBatch(file, rowCount);
  await forgetJob(bench);
  const program = fileURLToPath(new URL('../recorded.mjs', import.meta.url));
  const args = [program, file, bench.server.url, bench.folder, '64', `${ratePerSecond}`];
  const startsMs = JSON.parse((await runClient(bench, args)).stdout);
  const seconds = (startsMs.at(-1) - startsMs[0]) / 1000;
  const share = (startsMs.length - 1) / seconds / ratePerSecond;
  const once = (value) => spread([value]);
  return [
    figure('rate', 'attempts a second, of --rate 500', 'ratio', once(share), { atLeast: 0.99 }),
    figure('rate', 'attempts a second, of --rate 500', 'ratio', once(share), { atMost: 1 }),
    figure('rate', 'most attempts in any one second', 'attempts', once(mostInASecond(startsMs)), {
      atMost: ratePerSecond,
    }),
  ];
}

function mostInASecond(startsMs) {
  let most = 0;
  let from = 0;
  for (let to = 0; to < startsMs.length; to += 1) {
    while (startsMs[to] - startsMs[from] >= 1000) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
