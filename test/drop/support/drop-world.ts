import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { dropFolder } from '../../../src/drop/drop-folder.js';
import type { DropHooks, DropOptions } from '../../../src/drop/options.js';
import type { SendEvent } from '../../../src/job/terms/events.js';
import type { Machine } from '../../../src/job/terms/machine.js';
import type { RunSummary } from '../../../src/job/terms/summary.js';
import { folderHome } from '../../../src/ledger/folder/folder-home.js';
import { memoryLedgerStore } from '../../../src/ledger/in-process-store.js';
import { realDisk } from '../../../src/platform/disk.js';
import type { Disk, OutgoingTry, Reply, Sender } from '../../../src/platform/ports.js';
import { completeSettings } from '../../../src/settings/library.js';
import { realMachine } from '../../../src/wiring/machine.js';
import { temporaryFolder } from '../../support/index.js';

export const header = 'batch=thirdPartyId,city\n';

const taken: Reply = {
  kind: 'answered',
  httpStatus: 200,
  retryAfter: null,
  body: 'trueRequest successfully submitted',
};

/** A drop folder on the real disk, and a Target that notes each visitor's id. */
export interface DropWorld {
  readonly folder: string;
  /** Ids in the order in which they were sent, over all runs. */
  readonly sent: string[];
  readonly events: SendEvent[];
  /** What Target answers; by default it takes everything. */
  answer: (id: string) => Reply;
  /** An hour old, so that it has stood still for long. */
  put(name: string, content: string): void;
  run(options?: Partial<DropOptions>, disk?: Disk, hooks?: DropHooks, machine?: Partial<Machine>): Promise<RunSummary>;
  /** All files, by their paths in the folder, sorted; job files of the archive's day without its date. */
  files(): string[];
  /** As if the process that had the folder were gone. */
  forgetLock(): void;
  notices(): string[];
}

export async function dropWorld(): Promise<DropWorld> {
  const parent = await temporaryFolder();
  const folder = join(parent, 'drop');
  mkdirSync(folder);
  const world: DropWorld = {
    folder,
    sent: [],
    events: [],
    answer: () => taken,
    put(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      const anHourAgo = new Date(Date.now() - 3_600_000);
      utimesSync(path, anHourAgo, anHourAgo);
    },
    run(options = {}, disk = realDisk, hooks = {}, machine = {}) {
      const settings = completeSettings({ ratePerSecond: 0, stateDir: join(parent, 'state') }, null, {
        environment: {},
        homeDir: parent,
      });
      const all = { ...settings, clientCode: 'acme', token: null, settleMs: 0, ...options };
      const onEvent = (event: SendEvent) => world.events.push(event);
      return dropFolder(folder, all, { onEvent, ...hooks }, machineOn(world, disk, machine));
    },
    files: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replace(/\d{4}-\d\d-\d\d\//, ''))
        .sort(),
    forgetLock() {
      for (const name of existsSync(join(folder, '.profile-drip')) ? readdirSync(join(folder, '.profile-drip')) : []) {
        if (/\.lock(\..*)?$/.test(name)) rmSync(join(folder, '.profile-drip', name));
      }
    },
    notices: () => world.events.flatMap((event) => (event.kind === 'notice' ? [event.code] : [])),
  };
  return world;
}

function machineOn(world: DropWorld, disk: Disk, own: Partial<Machine>): Machine {
  const carry = (outgoing: OutgoingTry, sender: Sender): Reply => {
    if (!sender.mayStart()) return { kind: 'not-started' };
    const id = new URLSearchParams(outgoing.body ?? '').get('mbox3rdPartyId') ?? '';
    const reply = world.answer(id);
    world.sent.push(id);
    return reply;
  };
  const send = (outgoing: OutgoingTry, sender: Sender) => {
    const reply = carry(outgoing, sender);
    queueMicrotask(() => sender.settled(reply));
  };
  const { bootClock } = realMachine;
  return {
    ...realMachine,
    disk,
    lookUp: async () => [],
    openLedger: async () => folderHome(memoryLedgerStore(), own.clock ?? realMachine.clock, bootClock, 'memory'),
    openMemory: async () => null, // the real one goes by the real clock
    openTransport: async () => ({ send, abortAll: () => {}, close: async () => {} }),
    ...own,
  };
}

export const unauthorized: Reply = { kind: 'answered', httpStatus: 401, retryAfter: null, body: '' };
