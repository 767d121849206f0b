import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderHome } from '../../src/ledger/folder/folder-home.js';
import { openLedgerStore } from '../../src/ledger/folder/lmdb-store.js';
import { draw } from '../../src/ledger/ledger.js';
import { usedBytesOf } from '../../src/lmdb/page-check.js';
import { systemBootClock, systemClock } from '../../src/platform/clock.js';
import { seededRandom, temporaryFolder } from '../support/index.js';
import { isBuilt, start } from './support/child.js';

const limit = 300;
const usedUnits = 250;

/** A ledger with `usedUnits` used units, in a bucket each, beside two others. */
async function filled(): Promise<string> {
  const stateDir = join(await temporaryFolder(), 'state');
  const store = await openLedgerStore(stateDir);
  let backMs = 0;
  const clock = {
    ...systemClock,
    wallMs: () => systemClock.wallMs() - backMs,
    monotonicMs: () => systemClock.monotonicMs() - backMs,
  };
  const bootClock = { ...systemBootClock, uptimeMs: () => systemBootClock.uptimeMs() - backMs };
  const home = folderHome(store, clock, bootClock, stateDir);
  const request = { limit, reserve: 0, timeoutMs: 30_000, wantedUnits: 1, returned: new Map(), lateUnits: 0 };
  for (let step = usedUnits; step > 0; step -= 1) {
    backMs = step * 11_000;
    const names = ['real/acme', 'real/other', 'loopback/acme'];
    await Promise.all(names.map((name) => home.transact(name, draw({ ...request, name, number: step }))));
  }
  await home.close();
  return stateDir;
}

const dataPathOf = (stateDir: string) => join(stateDir, 'ledger/data.mdb');

async function overwrite(path: string, from: string, to: string): Promise<number> {
  const bytes = await readFile(path);
  let count = 0;
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + from.length)) {
    bytes.write(to, at);
    count += 1;
  }
  await writeFile(path, bytes);
  return count;
}

describe('a ledger with a damaged record', () => {
  it.each([
    ['a bit of its key', 'ledger real/acme', 'ledger real/acmd'],
    ['the key of its totals', 'ledger real/acme', 'ledgdr real/acme'],
    ['the list of ledgers', '["real/acme"', '["real/acmd"'],
    ['a value that still reads well', '[300,0,250,', '[300,0,150,'],
  ])('is refused: %s', async (_title, from, to) => {
    const stateDir = await filled();
    expect(await overwrite(dataPathOf(stateDir), from, to)).toBeGreaterThan(0);
    await expect(openLedgerStore(stateDir)).rejects.toMatchObject({
      code: 'ledger-damaged',
      exitStatus: 6,
      message: expect.stringContaining('250 used units of real/acme'),
    });
  });

  it('is refused where a bucket would come free at another time: the checksum alone tells', async () => {
    const stateDir = await filled();
    const bytes = await readFile(dataPathOf(stateDir));
    const key = 'bucket real/acme 5';
    for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
      const end = bytes.indexOf(']', at);
      // In milliseconds, with or without a fraction: a digit of it.
      bytes.write(bytes.toString('latin1', end - 1, end) === '1' ? '2' : '1', end - 1);
    }
    await writeFile(dataPathOf(stateDir), bytes);
    await expect(openLedgerStore(stateDir)).rejects.toMatchObject({
      code: 'ledger-damaged',
      message: expect.stringContaining('the checksum of the record "bucket real/acme'),
    });
  });

  it('is refused where a whole ledger is missing that the guard knows, whatever the checksums say', async () => {
    const stateDir = await filled();
    await cp(join(stateDir, 'ledger.guard'), join(stateDir, 'kept'));
    for (const name of ['ledger', 'ledger.guard']) await rm(join(stateDir, name), { recursive: true });
    const store = await openLedgerStore(stateDir);
    for (let time = 0; time < 100; time += 1) await store.transact((records) => records.put('any', `${time}`));
    await store.close();
    await rename(join(stateDir, 'kept'), join(stateDir, 'ledger.guard'));
    await expect(openLedgerStore(stateDir)).rejects.toMatchObject({
      code: 'ledger-damaged',
      message: expect.stringContaining('the ledger "real/acme" is missing'),
    });
  });

  it('is refused where an older copy of it was put in its place', async () => {
    const stateDir = await filled();
    await cp(dataPathOf(stateDir), join(stateDir, 'older'));
    const store = await openLedgerStore(stateDir);
    await store.transact((records) => records.put('any', '1'));
    // Written over in its place: the file is the same one.
    const older = await readFile(join(stateDir, 'older'));
    await writeFile(dataPathOf(stateDir), older, { flag: 'r+' });
    await expect(openLedgerStore(stateDir)).rejects.toMatchObject({
      code: 'ledger-damaged',
      message: expect.stringContaining('an older copy: version'),
    });
    await store.close();
  });
});

describe.skipIf(!isBuilt)('a ledger with damage anywhere', () => {
  it('is never over the cap, and never ends the process: it is refused, or right', { timeout: 60_000 }, async () => {
    const stateDir = await filled();
    const usedBytes = usedBytesOf(await readFile(dataPathOf(stateDir)));
    const random = seededRandom(1);
    const below = (end: number) => Math.floor(random.next() * end);
    const damages: [number, number][][] = [];
    for (let index = 0; index < 20; index += 1) {
      damages.push([[below(usedBytes), 1 << below(8)]]);
      // Both meta pages, where each bit decides.
      damages.push([[below(2) * 4_096 + below(176), 1 << below(8)]]);
      const sectorAt = Math.floor(below(usedBytes) / 512) * 512;
      damages.push(Array.from({ length: 64 }, (_, word) => [sectorAt + word * 8 + below(8), 1 + below(255)]));
    }
    const child = start('damage.mjs', [JSON.stringify({ stateDir, limit, damages })]);
    const lines = await child.done();
    expect(lines).toHaveLength(damages.length);
    const outcomes = new Set(lines.map((line) => line.slice(line.indexOf(' ') + 1)));
    expect([...outcomes].sort()).toEqual([`granted ${limit - usedUnits}`, 'refused 6 ledger-damaged granted 0']);
  });
});
