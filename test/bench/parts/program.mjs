import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './child.mjs';

export const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/** Far above what any case sends: the cap's ledger is at work, and never in the way. */
const ampleCap = 1_000_000_000;

/**
 * Options of `send` that every case has.
 * @param {{folder: string, server: {url: string}}} bench
 */
export function sendArguments(bench, file, options = {}) {
  const {
    name = 'job',
    concurrency = 64,
    dailyCap = ampleCap,
    stateDir = 'state',
    stateUrl = null,
    more = [],
  } = options;
  return [
    ...['send', file, '--client-code', 'bench', '--endpoint', bench.server.url],
    ...['--out', bench.folder, '--name', name],
    ...(stateUrl === null ? ['--state-dir', join(bench.folder, stateDir)] : ['--state-url', stateUrl]),
    ...['--rate', '0', '--concurrency', `${concurrency}`, '--daily-cap', `${dailyCap}`, '--progress', 'none'],
    ...more,
  ];
}

/** Removes a job's files, so that the next run starts again. */
export async function forgetJob({ folder }, name = 'job') {
  const kinds = ['results.csv', 'rejects.csv', 'checkpoint.json', 'summary.json'];
  await Promise.all(kinds.map((kind) => rm(join(folder, `${name}.${kind}`), { force: true })));
}

/**
 * Runs a client against the server to its end: how fast it was, as the server saw it (from the first request to the
 * last reply, so without the start of either) and as its whole process took.
 * @param {{server: {reset: (options?: object) => Promise<unknown>, look: () => Promise<object>}}} bench
 */
export async function runClient(bench, args, { serverOptions, command = process.execPath, ...options } = {}) {
  await bench.server.reset(serverOptions);
  const ended = await run(command, args, options);
  const seen = await bench.server.look();
  const seconds = (seen.lastMs - seen.firstMs) / 1000;
  return {
    ...ended,
    seen,
    seconds,
    rowsPerSecond: seen.requestCount / seconds,
    rowsPerSecondOfProcess: seen.requestCount / ended.wallSeconds,
    cpuMicrosecondsPerRow: ended.cpuSeconds === null ? Number.NaN : (ended.cpuSeconds * 1e6) / seen.requestCount,
  };
}

/** Sends a whole file as a new job. */
export async function runSend(bench, file, options = {}) {
  const { name = 'job', concurrency, more, rowCount, stateDir, stateUrl, ...rest } = options;
  await forgetJob(bench, name);
  const ended = await runClient(
    bench,
    [cli, ...sendArguments(bench, file, { name, concurrency, more, stateDir, stateUrl })],
    rest,
  );
  if (rowCount !== undefined && ended.seen.requestCount !== rowCount) {
    throw new Error(`expected ${rowCount} requests; the server saw ${ended.seen.requestCount}`);
  }
  return ended;
}
