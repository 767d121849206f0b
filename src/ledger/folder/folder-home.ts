import type { BootClock, Clock, LedgerRecords, LedgerStore } from '../../platform/ports.js';
import type { HomeTime } from '../home-time.js';
import { movedState } from '../ledger-errors.js';
import type { LedgerChange, LedgerHome, LedgerState } from '../ledger-home.js';
import {
  DamagedRecord,
  ledgerName,
  readBucket,
  readClock,
  readLedger,
  readMoved,
  readNames,
  removeBucket,
  writeBucket,
  writeClock,
  writeLedger,
  writeNames,
} from '../ledger-records.js';
import { type Anchor, advance, type MachineTime } from '../ledger-time.js';
import { MachineClocks } from '../machine-time.js';

/** A unit is good for at least this long, if its grant is used at once. */
const stampAheadMs = 1_000;

/**
 * The ledgers in a state directory. Their time is made of this machine's clocks, which are read with the ledger locked:
 * no other process's time comes between. An outcome is never unknown here: who is killed asks nothing any more.
 */
export function folderHome(store: LedgerStore, clock: Clock, bootClock: BootClock, place: string): LedgerHome {
  const clocks = new MachineClocks(clock, bootClock);
  let drawCount = 0;
  const inUse = <T>(work: (records: LedgerRecords) => T) =>
    store.transact((records) => {
      const moved = readMoved(records);
      if (moved !== null) throw movedState(place, moved.to);
      return work(records);
    });
  return {
    place,
    grantMinMs: 0,
    nextDrawNumber() {
      drawCount += 1;
      return drawCount;
    },
    nameOf: ledgerName,
    names: () => inUse(readNames),
    async transact(name, work) {
      const { answer, from } = await inUse((records) => {
        const machine = clocks.read();
        const anchor = readTime(records, machine);
        const done = work(stateOf(records, name), homeTime(anchor));
        if (done.change !== null) {
          writeChange(records, name, done.change);
          writeClock(records, anchor);
        }
        return { answer: done.answer, from: machine };
      });
      return { kind: 'committed', answer, from };
    },
    read: (name, look) => inUse((records) => look(stateOf(records, name), homeTime(readTime(records, clocks.read())))),
    close: () => store.close(),
  };
}

/** The ledger's time; nothing is written. */
export function readTime(records: LedgerRecords, machine: MachineTime): Anchor {
  const anchor = readClock(records);
  if (anchor === null && readNames(records).length > 0) throw new DamagedRecord('the record "clock" is missing');
  return advance(anchor, machine);
}

export function homeTime({ awakeMs, asleepMs, machine }: Anchor): HomeTime {
  return { awakeMs, asleepMs, wallMs: machine.wallMs, marginMs: 0, stampAheadMs };
}

export function stateOf(records: LedgerRecords, name: string): LedgerState {
  return { ledger: readLedger(records, name), bucket: (index) => readBucket(records, name, index), lastDraw: null };
}

function writeChange(records: LedgerRecords, name: string, { ledger, buckets }: LedgerChange): void {
  const before = readLedger(records, name);
  if (before === null) writeNames(records, [...readNames(records), name]);
  for (let index = before?.firstIndex ?? 0; index < ledger.firstIndex; index += 1) removeBucket(records, name, index);
  for (const [index, bucket] of buckets) writeBucket(records, name, index, bucket);
  writeLedger(records, name, ledger);
}
