import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { peek } from '../../src/memory/memory.js';
import { systemBootClock, systemClock } from '../../src/platform/clock.js';
import { realDisk } from '../../src/platform/disk.js';
import type { Random } from '../../src/platform/ports.js';
import { seededRandom, temporaryFolder } from '../support/index.js';
import { formOf, origin, type Row } from './support/on-disk.js';

const childPath = fileURLToPath(new URL('support/child.mjs', import.meta.url));
const isBuilt = existsSync(fileURLToPath(new URL('../../dist/memory/memory.js', import.meta.url)));

const visitors = Array.from({ length: 25 }, (_, index) => `v${index}`);
const names = ['a', 'b'];
const values = ['0', '1', '2'];
const roundMs = 600_000;

interface Message {
  readonly kind: 'try' | 'unchanged' | 'done';
  readonly number: number;
  readonly row: Row;
}

/** Target, and the machine on which runs are started and killed. */
class Night {
  knownCount = 0;
  killedCount = 0;
  readonly #profiles = new Map<string, Map<string, string>>();
  readonly #random: Random;
  readonly #stateDir: string;
  /** What was cut off on its way, and arrives after all. */
  #late: Row[] = [];

  constructor(stateDir: string, seed: number) {
    this.#stateDir = stateDir;
    this.#random = seededRandom(seed);
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[Math.floor(this.#random.next() * from.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }

  file(rowCount: number): Row[] {
    return Array.from({ length: rowCount }, () => {
      const attributes = names.map((name) => [name, this.pick(values)] as const);
      return { visitor: this.pick(visitors), attributes: Object.fromEntries(attributes.slice(this.pick([0, 0, 1]))) };
    });
  }

  /** A run of `job`; killed in the middle, and then started again with the same command, or left to end. */
  async run(job: string, file: readonly Row[], aheadMs: number): Promise<void> {
    const killAfter = this.pick([null, 0, 1, 3, 10, 20, 40]);
    if (await this.#runOnce(job, file, aheadMs, killAfter)) return;
    this.killedCount += 1;
    await this.#runOnce(job, file, aheadMs + 1_000, null);
  }

  /** `false`: it was killed. */
  async #runOnce(job: string, file: readonly Row[], aheadMs: number, killAfter: number | null): Promise<boolean> {
    const rows = file.map((row) => ({ ...row, form: formOf(row) }));
    const child = fork(childPath, [JSON.stringify({ stateDir: this.#stateDir, job, origin, aheadMs, rows })]);
    let messageCount = 0;
    let isDone = false;
    child.on('message', (message: Message) => {
      messageCount += 1;
      if (message.kind === 'done') isDone = true;
      else if (message.kind === 'try') this.#answer(child, message);
      if (messageCount === killAfter) child.kill('SIGKILL');
    });
    if (killAfter === 0) child.once('spawn', () => setImmediate(() => child.kill('SIGKILL')));
    // What a killed process had sent arrives before the end of its channel.
    await Promise.all([
      new Promise((resolve) => child.once('exit', resolve)),
      new Promise((resolve) => child.once('disconnect', resolve)),
    ]);
    return isDone;
  }

  #answer(child: ChildProcess, { number, row }: Message): void {
    const answer = this.pick(['taken', 'taken', 'taken', 'taken', 'taken', 'refused', 'lost']);
    if (answer === 'taken') this.#apply(row);
    if (answer === 'lost') this.#late.push(row);
    if (this.#late.length > 3) this.#arrive();
    child.send({ number, answer }, () => {});
  }

  #arrive(): void {
    for (const row of this.#late.splice(0, this.pick([1, 2]))) this.#apply(row);
  }

  #apply({ visitor, attributes }: Row): void {
    const profile = this.#profiles.get(visitor) ?? new Map<string, string>();
    this.#profiles.set(visitor, profile);
    for (const [name, value] of Object.entries(attributes)) profile.set(name, value);
  }

  /** Nothing runs any more, and all that was late has arrived. */
  async check(aheadMs: number): Promise<void> {
    while (this.#late.length > 0) this.#arrive();
    const clock = { ...systemClock, wallMs: () => systemClock.wallMs() + aheadMs };
    const owner = { stateDir: this.#stateDir, clientCode: 'acme', origin, isLoopback: false, refreshAfterDays: 7 };
    for (const value of values) {
      const found = await peek({ ...owner, clock, bootClock: systemBootClock, disk: realDisk });
      if (found === null) return;
      const rows = visitors.flatMap((visitor) => names.map((name) => ({ visitor, attributes: { [name]: value } })));
      const unchanged = await found.areUnchanged(rows.map(formOf));
      await found.close();
      rows.forEach((row, index) => {
        if (unchanged[index] !== true) return;
        this.knownCount += 1;
        const [name = ''] = Object.keys(row.attributes);
        expect(this.#profiles.get(row.visitor)?.get(name), `${row.visitor}.${name}`).toBe(value);
      });
    }
  }
}

describe.skipIf(!isBuilt)('runs that are killed at any moment', () => {
  it('leave nothing known that Target does not hold', { timeout: 120_000 }, async () => {
    const night = new Night(await temporaryFolder(), 1);
    for (let round = 0; round < 4; round += 1) {
      const aheadMs = round * roundMs;
      const second = night.pick([0, 1]) === 1 ? [night.run('job-2', night.file(20), aheadMs)] : [];
      await Promise.all([night.run('job-1', night.file(40), aheadMs), ...second]);
      await night.check(aheadMs + 2_000);
    }
    expect(night.knownCount).toBeGreaterThan(20);
    expect(night.killedCount).toBeGreaterThan(0);
  });
});
