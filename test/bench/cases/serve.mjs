import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, unlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { figure, ratios, spread } from '../parts/figures.mjs';
import { cli, runClient } from '../parts/program.mjs';

const megabyte = 1_000_000;
const acceptedBatches = 8;
const sentRows = 40_000;
const soakBatches = 2000;
const soakRows = 5;

/** The gateway: how fast large batches are put on disk, and whether sending costs more than with `drop`. */
export async function serve(bench) {
  const pairs = Math.max(1, Math.ceil(bench.pairs / 3));
  const accepted = [];
  const served = [];
  const dropped = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    accepted.push(await megabytesPerSecond(bench));
    served.push(await servedPerSecond(bench, bench.rows ?? sentRows));
    dropped.push(await droppedPerSecond(bench, bench.rows ?? sentRows));
  }
  return [
    figure('serve', 'batches of 48 MB accepted', 'MB/s', spread(accepted), { atLeast: 100 }),
    figure('serve', 'serve sends', 'rows/s', spread(served)),
    figure('serve', 'drop sends', 'rows/s', spread(dropped)),
    figure('serve', 'serve / drop', 'ratio', ratios(served, dropped), { atLeast: 0.9 }),
  ];
}

/** Many small batches, one after the other: each row is sent once. */
export async function serveSoak(bench) {
  const soak = await soaked(bench);
  return [
    figure(
      'serve-soak',
      `${soakBatches} batches of ${soakRows} rows, accepted`,
      'batches/s',
      spread([soak.acceptedPerSecond]),
    ),
    figure(
      'serve-soak',
      `${soakBatches} batches of ${soakRows} rows, to the last row`,
      'batches/s',
      spread([soak.sentPerSecond]),
    ),
  ];
}

/** Nothing is sent meanwhile: the token's file has gone, and the queue rests. */
async function megabytesPerSecond(bench) {
  const token = join(bench.folder, 'token');
  await writeFile(token, 'made-up', { mode: 0o600 });
  const gateway = await started(bench, ['--token-file', `bench=${token}`]);
  await unlink(token);
  const line = `,${'x'.repeat(400)}\n`;
  const bodies = Array.from({ length: acceptedBatches }, (_, batch) => {
    const lines = [`batch=thirdPartyId,text\n`];
    for (let bytes = 0, row = 0; bytes < 48 * megabyte; row += 1, bytes += line.length + 8) {
      lines.push(`${batch}${String(row).padStart(7, '0')}${line}`);
    }
    return Buffer.from(lines.join(''));
  });
  const startedMs = performance.now();
  for (const body of bodies) await gateway.send(body);
  const seconds = (performance.now() - startedMs) / 1000;
  await gateway.end();
  return bodies.reduce((sum, { length }) => sum + length, 0) / megabyte / seconds;
}

function manyRows(count) {
  return `batch=thirdPartyId,city\n${Array.from({ length: count }, (_, row) => `v${row},x\n`).join('')}`;
}

async function servedPerSecond(bench, count) {
  await bench.server.reset();
  const gateway = await started(bench);
  const status = await gateway.send(Buffer.from(manyRows(count)));
  await gateway.completed(status);
  await gateway.end();
  return rate(await bench.server.look(), count);
}

async function droppedPerSecond(bench, count) {
  const folder = join(bench.folder, 'dropped');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await writeFile(join(folder, 'a.csv'), manyRows(count));
  const { seen } = await runClient(bench, [
    cli,
    'drop',
    folder,
    '--client-code',
    'bench',
    '--settle',
    '0',
    ...usual(bench),
  ]);
  return rate(seen, count);
}

async function soaked(bench) {
  await bench.server.reset();
  const gateway = await started(bench);
  const startedMs = performance.now();
  const statuses = [];
  for (let batch = 0; batch < soakBatches; batch += 1) {
    const rows = Array.from({ length: soakRows }, (_, row) => `v${batch}-${row},${batch}\n`).join('');
    statuses.push(await gateway.send(Buffer.from(`batch=thirdPartyId,batch\n${rows}`)));
  }
  const acceptedSeconds = (performance.now() - startedMs) / 1000;
  for (const status of statuses) await gateway.completed(status);
  const seconds = (performance.now() - startedMs) / 1000;
  await gateway.end();
  rate(await bench.server.look(), soakBatches * soakRows);
  return { acceptedPerSecond: soakBatches / acceptedSeconds, sentPerSecond: soakBatches / seconds };
}

/** @throws where a row was lost, or sent twice. */
function rate({ requestCount, firstMs, lastMs }, count) {
  if (requestCount !== count) throw new Error(`expected ${count} requests; the server saw ${requestCount}`);
  return requestCount / ((lastMs - firstMs) / 1000);
}

function usual(bench) {
  return [
    ...['--endpoint', bench.server.url, '--state-dir', join(bench.folder, 'state'), '--daily-cap', '1000000000'],
    ...['--rate', '0', '--concurrency', '64', '--progress', 'none'],
  ];
}

async function started(bench, more = []) {
  const dir = join(bench.folder, 'batches');
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir);
  const args = [cli, 'serve', '--dir', dir, '--port', '0', ...usual(bench), ...more];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const closed = once(child, 'close');
  const [text] = await once(child.stdout, 'data');
  const url = String(text).trim();
  const agent = new Agent({ keepAlive: true });
  const ask = async (address, method, body) => {
    const sent = request(address, { method, agent });
    sent.end(body);
    const [reply] = await once(sent, 'response');
    let content = '';
    for await (const chunk of reply.setEncoding('utf8')) content += chunk;
    return content;
  };
  return {
    async send(body) {
      const reply = await ask(`${url}/m2/bench/v2/profile/batchUpdate`, 'POST', body);
      const [, status] = /<success>true<.*<batchStatus>(.*)<\/batchStatus>/.exec(reply) ?? [];
      if (status === undefined) throw new Error(`not accepted: ${reply}`);
      return status;
    },
    async completed(status) {
      for (;;) {
        const reply = await ask(status, 'GET');
        if (reply.includes('<status>complete<')) return;
        if (!reply.includes('<status>incomplete<')) throw new Error(reply);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    async end() {
      agent.destroy();
      child.kill('SIGTERM');
      await closed;
    },
  };
}
