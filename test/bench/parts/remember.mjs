/** node remember.mjs STATE_DIR ROWS sorted|random: marks and settles each visitor once, without a network. */
import { readFileSync } from 'node:fs';
import { openMemory } from '../../../dist/memory/memory.js';

const [, , stateDir, rows, order] = process.argv;
const rowCount = Number(rows);
const blockRows = 512;
/** Of an arithmetic progression that visits each number once. */
const step = order === 'random' ? 7_368_787 : 1;

/** `calls`: given to write calls. `pages`: as the kernel counts what became dirty, in whole blocks of its page cache, however large they are. */
function writtenBytes() {
  const io = readFileSync('/proc/self/io', 'utf8');
  const countOf = (name) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)?.[1]);
  return { calls: countOf('wchar'), pages: countOf('write_bytes') };
}

const memory = await openMemory({
  stateDir,
  clientCode: 'bench',
  origin: 'https://bench.example.com',
  isLoopback: false,
  skipUnchanged: true,
  refreshAfterDays: 7,
  runId: 'bench',
  timeoutMs: 30_000,
});
const before = writtenBytes();
const startMs = performance.now();
for (let first = 0; first < rowCount; first += blockRows) {
  const block = Array.from({ length: Math.min(blockRows, rowCount - first) }, (_, at) => {
    const id = String(((first + at) * step) % rowCount).padStart(10, '0');
    const attributes = [0, 1, 2, 3, 4].map((name) => `&profile.a${name}=${id}${name}`).join('');
    return { form: `mbox3rdPartyId=${id}${attributes}`, earlier: null, wasAttempted: false };
  });
  for (const verdict of await memory.examine(block)) {
    if (verdict.kind === 'send') memory.submitted(verdict.mark, true);
  }
}
await memory.close();
const seconds = (performance.now() - startMs) / 1000;
const after = writtenBytes();
const bytes = { calls: after.calls - before.calls, pages: after.pages - before.pages };
process.stdout.write(JSON.stringify({ bytes, seconds }));
