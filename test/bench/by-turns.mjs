/**
 * The program's own sending, in which some of its promises are kept and not kept by turns, for the benchmark alone: what
 * do they cost? In one process, since two runs differ by more than that, whatever they do: the machine's speed changes.
 * `node by-turns.mjs ledger|checkpoint|report|all FILE ROWS URL FOLDER CONCURRENCY` prints the turns as JSON; the last
 * ends before the file does.
 */

import { checkpointIntervalMs, Keeper } from '../../dist/job/files/keeper.js';
import { Journal } from '../../dist/job/results/journal.js';
import { sendFiles } from '../../dist/job/send-files.js';
import { openPacer } from '../../dist/pacing/pacer.js';
import { setUpGarbageCollection } from '../../dist/platform/garbage-collection.js';
import { trialHome } from '../../dist/state/open-home.js';
import { realMachine } from '../../dist/wiring/machine.js';
import { sendOptions } from './parts/send-options.mjs';

setUpGarbageCollection();
const [what, file, rows, endpoint, folder, concurrency] = process.argv.slice(2);
const isMeant = (part) => what === part || what === 'all';
/** What is meant is not done in this turn. */
let isOff = false;
let rowCount = 0;

/** Short, since the machine's speed changes within a second. */
const turnMs = 250;
const turnsPerSave = checkpointIntervalMs / turnMs;

if (isMeant('ledger')) {
  const options = sendOptions(endpoint, folder, { concurrency: 1 });
  const { clock, bootClock } = realMachine;
  const own = { ...options, isLoopback: true, limit: 1, lateUnits: 0 };
  const any = await openPacer(trialHome(), clock, bootClock, own);
  await any.pacer.close();
  const pacer = Object.getPrototypeOf(any.pacer);
  const { take, ended, giveBack } = pacer;
  const always = { kind: 'go', permit: { isValid: () => true } };
  pacer.take = function (now) {
    return isOff ? always : take.call(this, now);
  };
  pacer.ended = function (permit, now) {
    if (permit !== always.permit) ended.call(this, permit, now);
  };
  pacer.giveBack = function (permit) {
    if (permit !== always.permit) giveBack.call(this, permit);
  };
}

/** Writes a checkpoint as often as it is written without turns, by the time of the turns with. */
let save = () => {};
if (isMeant('checkpoint')) {
  Keeper.prototype.touch = function () {
    save = () => this.save().catch(() => {}); // a fault is told by what comes after it
  };
}

const { write, mayStart } = Journal.prototype;
const hasReport = () => !(isOff && isMeant('report'));
Journal.prototype.write = function (row) {
  rowCount += 1;
  if (rowCount === Number(rows)) clearInterval(turning); // what is done once in a run has no turn
  return hasReport() ? write.call(this, row) : this.endByte;
};
Journal.prototype.mayStart = function (nowMs) {
  return hasReport() ? mayStart.call(this, nowMs) : true;
};

const turns = [];
let withTurns = 1;
const look = () => ({ atMs: performance.now(), rowCount, cpu: process.cpuUsage() });
let before = look();
const turning = setInterval(() => {
  const now = look();
  const cpuMicroseconds = now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system;
  turns.push({ isOff, rowCount: now.rowCount - before.rowCount, ms: now.atMs - before.atMs, cpuMicroseconds });
  before = now;
  // Pairs of one with and one without, in a random order: nothing that the machine does in a rhythm favours either.
  isOff = turns.length % 2 === 0 ? Math.random() < 0.5 : !isOff;
  if (!isOff) withTurns += 1;
  if (!isOff && withTurns % turnsPerSave === 0) save();
}, turnMs);

const options = sendOptions(endpoint, folder, { concurrency: Number(concurrency) });
const summary = await sendFiles([file], options, {}, realMachine);
if (summary.error !== null) throw new Error(summary.error.message);
process.exitCode = summary.exit_status;
process.stdout.write(JSON.stringify(turns));
