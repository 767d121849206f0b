// One run over a list of rows, in a process of its own; its attempts go to the parent process, which is Target.

import { openMemory } from '../../../dist/memory/memory.js';
import { systemClock } from '../../../dist/platform/clock.js';

const { stateDir, job, origin, aheadMs, rows } = JSON.parse(process.argv[2] ?? '{}');
const rowsAtOnce = 10;

const memory = await openMemory({
  stateDir,
  clientCode: 'acme',
  origin,
  isLoopback: false,
  skipUnchanged: true,
  refreshAfterDays: 7,
  runId: `${job} ${process.pid}`,
  timeoutMs: 1_000,
  clock: {
    wallMs: () => systemClock.wallMs() + aheadMs,
    monotonicMs: () => systemClock.monotonicMs() + aheadMs,
    schedule: systemClock.schedule,
  },
});

const waiting = new Map();
let tryCount = 0;
process.on('message', ({ number, answer }) => {
  waiting.get(number)?.(answer);
  waiting.delete(number);
});

function attempt(row) {
  tryCount += 1;
  const number = tryCount;
  const answered = new Promise((resolve) => waiting.set(number, resolve));
  process.send({ kind: 'try', number, row });
  return answered;
}

async function send(row, mark) {
  let attempts = 0;
  let answer = 'lost';
  while (answer === 'lost' && attempts < 3) {
    attempts += 1;
    answer = await attempt(row);
  }
  if (answer === 'taken') memory.submitted(mark, attempts === 1);
}

/** The first row of each visitor that waits: they go out one after another, in the file's order. */
function takeTurn(waiting) {
  const visitors = new Set();
  const turn = waiting.filter(({ visitor }) => !visitors.has(visitor) && visitors.add(visitor)).slice(0, rowsAtOnce);
  return [turn, waiting.filter((row) => !turn.includes(row))];
}

for (let waiting = rows; waiting.length > 0; ) {
  const [turn, rest] = takeTurn(waiting);
  const verdicts = await memory.examine(turn.map(({ form }) => ({ form, earlier: null, wasAttempted: false })));
  await Promise.all(
    turn.map((row, index) => {
      const verdict = verdicts[index];
      if (verdict.kind === 'send') return send(row, verdict.mark);
      return process.send({ kind: 'unchanged', row });
    }),
  );
  waiting = rest;
}
await memory.close();
process.send({ kind: 'done' });
process.disconnect();
