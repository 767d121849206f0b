import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { figure, ratios, spread } from '../parts/figures.mjs';
import { runClient, runSend } from '../parts/program.mjs';
import { bodyBytesOf, writeBatch, writeBodies, writeCurlConfig, writeNewmanFiles } from '../parts/rows.mjs';

const concurrency = 64;
const own = 'profile-drip';
const reference = 'undici request';
const newman = 'newman';
/** What is neither: it runs in this many pairs at most, because it takes most of the time and settles nothing. */
const peerPairsMax = 3;
/** newman sends one after the other, some hundred a second. */
const newmanRowsMax = 1_000;
const peer = (name) => fileURLToPath(new URL(`../peers/${name}.mjs`, import.meta.url));

function has(command) {
  try {
    execFileSync('which', [command], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function rowsOf(name, rowCount) {
  return name === newman ? Math.min(rowCount, newmanRowsMax) : rowCount;
}

/** The clients side by side, each run of one next to a run of all the others. */
async function clientsOf(bench, rowCount) {
  const file = join(bench.folder, 'throughput.csv');
  const bodies = join(bench.folder, 'throughput.bodies');
  await writeBatch(file, rowCount);
  await writeBodies(bodies, rowCount);
  const node = (name, ...args) => runClient(bench, [peer(name), bench.server.url, ...args]);
  const clients = {
    [own]: () => runSend(bench, file, { concurrency }),
    [reference]: () => node('undici-request', bodies, `${concurrency}`),
    'undici dispatch': () => node('undici-dispatch', bodies, `${concurrency}`),
    'obvious script': () => node('obvious', file, `${concurrency}`, join(bench.folder, 'obvious.results')),
  };
  if (has('curl')) {
    const config = join(bench.folder, 'throughput.curl');
    await writeCurlConfig(config, rowCount, `${bench.server.url}/m2/bench/profile/update`);
    const args = ['--silent', '--parallel', '--parallel-max', `${concurrency}`, '--config', config];
    clients['curl --parallel'] = () => runClient(bench, args, { command: 'curl' });
  }
  if (has('newman')) {
    const [collection, data] = ['newman.json', 'newman.csv'].map((name) => join(bench.folder, `throughput.${name}`));
    await writeNewmanFiles(collection, data, rowsOf(newman, rowCount), `${bench.server.url}/m2/bench/profile/update`);
    const args = ['run', collection, '--iteration-data', data, '--silent'];
    clients[newman] = () => runClient(bench, args, { command: 'newman' });
  }
  return clients;
}

/** The whole program with everything on, beside undici's bare `request` loop and what people would use instead. */
export async function throughput(bench) {
  // Some 15 seconds: what V8 compiles in the first of them, a second's work for the other threads, does not decide.
  const rowCount = bench.rows ?? 300_000;
  const clients = await clientsOf(bench, rowCount);
  const runs = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
  await clients[own](); // warms the page cache and makes the ledger
  for (let pair = 0; pair < bench.pairs; pair += 1) {
    for (const [name, runOnce] of Object.entries(clients)) {
      if (pair >= peerPairsMax && name !== own && name !== reference) continue;
      runs[name].push(await runOnce());
      bench.say(`throughput ${pair + 1}/${bench.pairs}: ${name} ${Math.round(runs[name].at(-1).rowsPerSecond)} rows/s`);
    }
  }
  for (const [name, all] of Object.entries(runs)) {
    const wanted = rowsOf(name, rowCount);
    const odd = all.find(({ seen }) => seen.requestCount !== wanted);
    if (odd !== undefined) throw new Error(`${name}: ${odd.seen.requestCount} requests, not ${wanted}`);
    if (name !== 'obvious script' && all[0].seen.bodyBytes !== bodyBytesOf(wanted)) {
      throw new Error(`${name} sent other bodies`);
    }
  }
  return figuresOf(runs);
}

function figuresOf(runs) {
  const of = (name, key) => runs[name].map((each) => each[key]);
  const figures = [];
  for (const name of Object.keys(runs)) {
    figures.push(figure('throughput', name, 'rows/s', spread(of(name, 'rowsPerSecond'))));
    figures.push(figure('throughput', `${name}, CPU`, 'µs/row', spread(of(name, 'cpuMicrosecondsPerRow'))));
    if (name === reference) continue;
    const ratio = ratios(of(name, 'rowsPerSecond'), of(reference, 'rowsPerSecond'));
    const goal = name === own ? { atLeast: 0.9 } : {};
    figures.push(figure('throughput', `${name} / ${reference}`, 'ratio', ratio, goal));
  }
  figures.push(
    figure(
      'throughput',
      `${own} / ${reference}, start and end included`,
      'ratio',
      ratios(of(own, 'rowsPerSecondOfProcess'), of(reference, 'rowsPerSecondOfProcess')),
    ),
    figure(
      'throughput',
      `${own} / ${reference}, CPU`,
      'ratio',
      ratios(of(own, 'cpuMicrosecondsPerRow'), of(reference, 'cpuMicrosecondsPerRow')),
    ),
  );
  return figures;
}
