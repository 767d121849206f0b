// What a bare client can do: bodies ready-made in memory, undici's `request`, a fixed number at once, nothing else.
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

const [url, bodiesPath, concurrency] = process.argv.slice(2);
const bodies = readFileSync(bodiesPath, 'utf8').trimEnd().split('\n');
const pool = new Pool(url, { connections: Number(concurrency) });
const headers = { 'content-type': 'application/x-www-form-urlencoded' };
let next = 0;

async function worker() {
  while (next < bodies.length) {
    const body = bodies[next];
    next += 1;
    const reply = await pool.request({ method: 'POST', path: '/m2/bench/profile/update', headers, body });
    const text = await reply.body.text();
    if (reply.statusCode !== 200 || text !== 'trueRequest successfully submitted') throw new Error('no success');
  }
}

await Promise.all(Array.from({ length: Number(concurrency) }, worker));
await pool.close();
