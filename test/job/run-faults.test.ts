import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Health } from '../../src/job/health/health.js';
import { Lock } from '../../src/job/lock/lock.js';
import { Journal } from '../../src/job/results/journal.js';
import { type RunWorld, rowsText, runWorld } from './support/job-run-world.js';

let world: RunWorld;
beforeEach(async () => {
  world = await runWorld();
});

/** From its `nth` call on, a method throws, as only an internal error would. */
function breakAt<Of extends object>(prototype: Of, method: keyof Of & string, nth: number): void {
  const own = prototype[method] as (...args: unknown[]) => unknown;
  let callCount = 0;
  const spy = vi.spyOn(prototype, method as never).mockImplementation(function broken(this: Of, ...args: unknown[]) {
    callCount += 1;
    if (callCount >= nth) throw new TypeError('an internal error');
    return own.apply(this, args);
  } as never);
  onTestFinished(() => spy.mockRestore());
}

describe('an internal error', () => {
  // The 1st attempt is started by the loop itself, the 20th by a task that has just had a reply.
  it.each([1, 2, 3, 4, 20])(
    'at the choice of the next row, call %i, ends the run and leaves nothing waiting',
    async (nth) => {
      const file = await world.put('a.csv', rowsText(100));
      breakAt(Health.prototype, 'gate', nth);
      await expect(world.run(file)).rejects.toThrow('an internal error');
    },
  );

  it.each([1, 20])(
    'as an attempt is about to leave, call %i, ends the run, and that attempt is not sent',
    async (nth) => {
      const file = await world.put('a.csv', rowsText(100));
      breakAt(Lock.prototype, 'isHeld', nth);
      await expect(world.run(file)).rejects.toThrow('an internal error');
      expect(world.seen.length).toBeLessThan(nth);
    },
  );

  it('at the writing of a result ends the run, and the same command resumes', async () => {
    const file = await world.put('a.csv', rowsText(100));
    breakAt(Journal.prototype, 'write', 20);
    await expect(world.run(file)).rejects.toThrow('an internal error');
    vi.restoreAllMocks();
    expect((await world.run(file)).jobs[0]?.rows).toMatchObject({ submitted: 100 });
  });
});
