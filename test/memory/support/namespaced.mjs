// Runs rows through the memory until its standard input ends, in a PID namespace where it may be process 1.
import { openMemory } from '../../../dist/memory/memory.js';

const [stateDir, name] = process.argv.slice(2);
const memory = await openMemory({
  stateDir,
  clientCode: 'acme',
  origin: 'https://acme.tt.omtrdc.net',
  isLoopback: false,
  skipUnchanged: true,
  refreshAfterDays: 7,
  runId: name,
  timeoutMs: 1_000,
});
let isEnding = false;
process.stdin.on('end', () => {
  isEnding = true;
});
process.stdin.resume();
let number = 0;
while (!isEnding) {
  const rows = Array.from({ length: 20 }, () => {
    number += 1;
    const form = `mboxPC=${name}-${number % 1_000}&profile.a=${number}`;
    return { form, earlier: null, wasAttempted: false };
  });
  for (const verdict of await memory.examine(rows)) if (verdict.kind === 'send') memory.submitted(verdict.mark, true);
  console.log(`${process.pid} ${number}`);
}
const { visitors } = await memory.size();
await memory.close();
console.log(`${process.pid} saw ${visitors}`);
