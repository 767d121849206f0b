// One run over a list of rows, in a process of its own; its tries go to the parent process, which is Target.

import { openMemory } from '../../../dist/memory/memory.js';
import { systemClock } from '../../../dist/platform/clock.js';

const { stateDir, jobKey, aheadMs, rows } = JSON.parse(process.argv[2] ?? '{}');
const rowsAtOnce = 10;

const memory = await openMemory({
  stateDir,
  clientCode: 'acme',
  isLoopback: false,
  skipUnchanged: true,
  refreshAfterDays: 7,
  runId: `${process.pid}`,
  jobKey,
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

/** Rows of one visitor go out one after another, in the file's order. */
async function sendInOrder(jobs) {
  for (const { row, mark } of jobs) {
    let tries = 0;
    let answer = 'lost';
    while (answer === 'lost' && tries < 3) {
      tries += 1;
      answer = await attempt(row);
    }
    if (answer === 'taken') memory.submitted(mark, tries === 1);
  }
}

for (let start = 0; start < rows.length; start += rowsAtOnce) {
  const part = rows.slice(start, start + rowsAtOnce);
  const verdicts = await memory.examine(part.map(({ form }) => ({ id: 'x', idType: 'pcId', form })));
  const byVisitor = new Map();
  verdicts.forEach((verdict, index) => {
    const row = part[index];
    if (verdict.kind === 'unchanged') process.send({ kind: 'unchanged', row });
    else byVisitor.set(row.visitor, [...(byVisitor.get(row.visitor) ?? []), { row, mark: verdict.mark }]);
  });
  await Promise.all([...byVisitor.values()].map(sendInOrder));
}
await memory.close();
process.send({ kind: 'done' });
process.disconnect();
