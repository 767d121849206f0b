/**
 * The program's own sending with one of its promises switched off, for the benchmark alone: what does each cost?
 * `node without.mjs ledger|checkpoint|report|all|nothing FILE URL FOLDER CONCURRENCY`
 * `recorded` in place of these switches nothing off and prints, as JSON, the monotonic times at which tries started.
 */
import { join } from 'node:path';
import { Journal } from '../../dist/job/journal.js';
import { Keeper } from '../../dist/job/keeper.js';
import { realMachine } from '../../dist/job/real-machine.js';
import { sendFiles } from '../../dist/job/send.js';
import { memoryLedgerStore } from '../../dist/pacing/memory-store.js';
import { openPacer } from '../../dist/pacing/pacer.js';

const [what, file, endpoint, folder, concurrency, rate = '0'] = process.argv.slice(2);
const isOff = (part) => what === part || what === 'all';
const machine = { ...realMachine };

if (isOff('ledger')) {
  const store = memoryLedgerStore();
  machine.openLedger = async () => store;
  const options = {
    clientCode: 'none',
    isLoopback: true,
    limit: 1,
    reserve: 0,
    ratePerSecond: 0,
    pace: 'burst',
    timeoutMs: 30_000,
  };
  const { pacer } = await openPacer(memoryLedgerStore(), machine.clock, machine.bootClock, options);
  const always = { kind: 'go', permit: { isValid: () => true } };
  Object.assign(Object.getPrototypeOf(pacer), { take: () => always, ended() {}, giveBack() {} });
  await pacer.close();
}
if (isOff('checkpoint')) Keeper.prototype.touch = () => {};
if (isOff('report')) Object.assign(Journal.prototype, { write: () => 0, mayStart: () => true, room: async () => {} });

const startsMs = [];
if (what === 'recorded') {
  machine.openTransport = async (...args) => {
    const transport = await realMachine.openTransport(...args);
    const send = (outgoing, sender) =>
      transport.send(outgoing, {
        mayStart() {
          const isOn = sender.mayStart();
          if (isOn) startsMs.push(machine.clock.monotonicMs());
          return isOn;
        },
        settled: (reply) => sender.settled(reply),
      });
    return { send, abortAll: () => transport.abortAll(), close: () => transport.close() };
  };
}

const options = {
  clientCode: 'bench',
  endpoint,
  allowHttp: false,
  sandbox: false,
  tokenFile: null,
  token: null,
  method: 'post',
  values: 'encoded',
  plus: null,
  delimiter: ',',
  idColumn: null,
  idType: null,
  concurrency: Number(concurrency),
  ratePerSecond: Number(rate),
  dailyCap: 1_000_000_000,
  reserve: 0,
  pace: 'burst',
  onCap: 'wait',
  retries: 5,
  timeoutMs: 30_000,
  giveUpMs: 1_800_000,
  maxDurationMs: null,
  maxFailures: null,
  tolerate: { kind: 'rows', rows: 0 },
  graceMs: 5_000,
  changedOnly: false,
  refreshAfterDays: 7,
  forget: false,
  restart: false,
  onChanged: 'refuse',
  out: folder,
  name: 'job',
  stateDir: join(folder, 'state'),
};
const summary = await sendFiles([file], options, {}, machine);
if (summary.error !== null) throw new Error(summary.error.message);
// Not process.exit: it would cut off what a pipe has not taken yet.
process.exitCode = summary.exit_status;
if (what === 'recorded') process.stdout.write(JSON.stringify(startsMs));
