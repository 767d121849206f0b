// The same with undici's `dispatch`, which makes no stream of a reply.
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

const [url, bodiesPath, concurrency] = process.argv.slice(2);
const bodies = readFileSync(bodiesPath, 'utf8').trimEnd().split('\n');
const pool = new Pool(url, { connections: Number(concurrency) });
const headers = ['content-type', 'application/x-www-form-urlencoded'];
let next = 0;

function send(body) {
  return new Promise((resolve, reject) => {
    let text = '';
    let httpStatus = 0;
    pool.dispatch(
      { method: 'POST', path: '/m2/bench/profile/update', headers, body },
      {
        onRequestStart() {},
        onResponseStart(_, status) {
          httpStatus = status;
        },
        onResponseData(_, chunk) {
          text += chunk.latin1Slice();
        },
        onResponseEnd() {
          if (httpStatus === 200 && text === 'trueRequest successfully submitted') resolve();
          else reject(new Error('no success'));
        },
        onResponseError: (_, error) => reject(error),
      },
    );
  });
}

async function worker() {
  while (next < bodies.length) {
    const body = bodies[next];
    next += 1;
    await send(body);
  }
}

await Promise.all(Array.from({ length: Number(concurrency) }, worker));
await pool.close();
