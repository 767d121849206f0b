import type { LedgerRecords } from '../../platform/ports.js';
import { verify } from '../ledger.js';
import {
  checkFormat,
  DamagedRecord,
  readLedger,
  readNames,
  readWritten,
  type Written,
  writeWritten,
} from '../ledger-records.js';
import { stateOf } from './folder-home.js';

/**
 * Whether a store is the one that was written last, as a whole: nothing in it is missing, nothing is of an earlier time.
 * The guard (a file of its own) tells what there was at least.
 */
export interface Known {
  /** All ledgers that there are. */
  readonly ledgers: readonly string[];
  readonly written: Written;
}

export const nothingKnown: Known = { ledgers: [], written: { version: 0, used: {} } };

/** @throws DamagedRecord, ForeignRecord */
export function auditRecords(records: LedgerRecords, known: Known): Known {
  if (!checkFormat(records)) throw new DamagedRecord('the record "format" is missing');
  const written = readWritten(records);
  const ledgers = readNames(records);
  for (const name of ledgers) {
    const usedUnits = verify(stateOf(records, name), name) ? readLedger(records, name)?.usedUnits : undefined;
    if (usedUnits === undefined) throw new DamagedRecord(`the ledger "${name}" is missing`);
    if (usedUnits !== written.used[name]) {
      throw new DamagedRecord(`"${name}" counts ${usedUnits} used units, and was written with ${written.used[name]}`);
    }
  }
  checkKnown({ ledgers, written }, known);
  return { ledgers, written };
}

/** @throws DamagedRecord where a store is not all that is known of it. */
export function checkKnown(found: Known, known: Known): void {
  const missing = known.ledgers.find((name) => !found.ledgers.includes(name));
  if (missing !== undefined) throw new DamagedRecord(`the ledger "${missing}" is missing`);
  const [version, knownVersion] = [found.written.version, known.written.version];
  if (version < knownVersion) throw new DamagedRecord(`an older copy: version ${version} instead of ${knownVersion}`);
  if (version > knownVersion) return;
  for (const [name, units] of Object.entries(known.written.used)) {
    if (found.written.used[name] === units) continue;
    throw new DamagedRecord(`"${name}" counts ${found.written.used[name]} used units instead of ${units}`);
  }
}

/** A store as a transaction finds it. */
export function knownOf(records: LedgerRecords): Known {
  return { ledgers: readNames(records), written: readWritten(records) };
}

/** Begins a transaction. @throws DamagedRecord where the store is not all that this process knows of it. */
export function checkStill(records: LedgerRecords, known: Known): void {
  const written = readWritten(records);
  checkKnown({ ledgers: Object.keys(written.used), written }, { ...known, written: { ...known.written, used: {} } });
}

/** Ends a transaction that wrote to `changedLedgers`: raises the version. @throws DamagedRecord */
export function noteChange(records: LedgerRecords, changedLedgers: readonly string[]): Known {
  const ledgers = readNames(records);
  // A ledger that existed before, and is created again, would have an unused cap.
  const twice = ledgers.find((name, index) => ledgers.indexOf(name) !== index);
  if (twice !== undefined) throw new DamagedRecord(`the ledger "${twice}" is missing`);
  const { version, used } = readWritten(records);
  const changed = changedLedgers.map((name) => [name, readLedger(records, name)?.usedUnits ?? 0] as const);
  const written = { version: version + 1, used: { ...used, ...Object.fromEntries(changed) } };
  writeWritten(records, written);
  return { ledgers, written };
}
