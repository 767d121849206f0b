// The obvious script: csv-parse, p-queue, undici, a stream of results. No ledger, no order, no checkpoint, no retries.
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { parse } from 'csv-parse';
import PQueue from 'p-queue';
import { Pool } from 'undici';

const [url, path, concurrency, resultsPath] = process.argv.slice(2);
const pool = new Pool(url, { connections: Number(concurrency) });
const queue = new PQueue({ concurrency: Number(concurrency) });
const results = createWriteStream(resultsPath);
const headers = { 'content-type': 'application/x-www-form-urlencoded' };
results.write('row,id,status\n');

function bodyOf(row) {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(row)) {
    if (value === '') continue;
    form.set(name === 'batch=thirdPartyId' ? 'mbox3rdPartyId' : `profile.${name}`, decodeURIComponent(value));
  }
  return form.toString();
}

async function send(row, rowNumber) {
  const reply = await pool.request({ method: 'POST', path: '/m2/bench/profile/update', headers, body: bodyOf(row) });
  const text = await reply.body.text();
  const isTaken = reply.statusCode === 200 && text.includes('true');
  results.write(`${rowNumber},${row['batch=thirdPartyId']},${isTaken ? 'submitted' : 'failed'}\n`);
}

let rowNumber = 0;
for await (const row of createReadStream(path).pipe(parse({ columns: true }))) {
  rowNumber += 1;
  const number = rowNumber;
  if (queue.size >= 1000) await queue.onSizeLessThan(500);
  void queue.add(() => send(row, number));
}
await queue.onIdle();
results.end();
await once(results, 'close');
await pool.close();
