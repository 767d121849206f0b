import { describe, expect, it } from 'vitest';
import { keepOpen } from '../../src/drop/keep-open.js';
import type { Machine } from '../../src/job/terms/machine.js';
import { realDisk } from '../../src/platform/disk.js';
import { realMachine } from '../../src/wiring/machine.js';
import { systemError } from '../job/support/watched-disk.js';
import { temporaryFolder } from '../support/index.js';
import { usualSendOptions } from '../support/usual-send-options.js';
import { dropWorld, header } from './support/drop-world.js';

const rows = (id: string) => `${header}${id},x\n`;

describe('the memory of files that are sent one after the other', () => {
  it('stays open, and has written what it knows at the end of each file', async () => {
    const world = await dropWorld();
    for (let number = 0; number < 3; number += 1) world.put(`${number}.csv`, rows(String(number)));
    const calls: string[] = [];
    await world.run({ changedOnly: true }, realDisk, {}, { openMemory: watchedMemory(calls) });
    expect(calls).toEqual(['open', 'flush', 'flush', 'flush', 'close']);
    for (let number = 0; number < 3; number += 1) world.put(`again-${number}.csv`, rows(String(number)));
    const { jobs } = await world.run({ changedOnly: true }, realDisk, {}, { openMemory: realMachine.openMemory });
    expect(jobs.map((job) => job.rows.unchanged)).toEqual([1, 1, 1]);
    expect(world.sent).toEqual(['0', '1', '2']);
  });

  it('is closed where it failed, and the next file opens another one', async () => {
    const calls: string[] = [];
    const { machine, close } = keepOpen({
      ...realMachine,
      openMemory: watchedMemory(calls, () => systemError('EIO')),
      forgetMemory: async () => void calls.push('forget'),
    });
    const settings = usualSendOptions({ stateDir: await temporaryFolder() });
    const request = { options: settings, origin: 'https://x', isLoopback: false, signal: null, onAway: () => {} };
    const open = async () => machine.openMemory({ ...request, runId: 'run' });
    const first = await open();
    await expect(first?.close()).rejects.toThrow('EIO');
    expect(calls).toEqual(['open', 'flush', 'close']);
    await open();
    await machine.forgetMemory(request); // never under an open one
    await open();
    await machine.openMemory({ ...request, isLoopback: true, runId: 'run' }); // its name leads elsewhere by now
    await close();
    expect(calls.slice(3)).toEqual(['open', 'close', 'forget', 'open', 'close', 'open', 'close']);
  });
});

/** The real memory; `calls` says when it is opened, written and closed. */
function watchedMemory(calls: string[], fault: () => Error | null = () => null): Machine['openMemory'] {
  return async (request) => {
    const memory = await realMachine.openMemory(request);
    calls.push('open');
    if (memory === null) return null;
    return {
      examine: (given) => memory.examine(given),
      mayLeave: (mark, now) => memory.mayLeave(mark, now),
      absence: () => memory.absence(),
      watchAbsence: (told) => memory.watchAbsence(told),
      standingMark: (now) => memory.standingMark(now),
      submitted: (mark, wasOnlyAttempt) => memory.submitted(mark, wasOnlyAttempt),
      doubt: (forms) => memory.doubt(forms),
      size: () => memory.size(),
      async flush() {
        calls.push('flush');
        const error = fault();
        if (error !== null) throw error;
        await memory.flush();
      },
      async close() {
        calls.push('close');
        await memory.close();
      },
    };
  };
}
