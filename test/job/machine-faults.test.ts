import { describe, expect, it } from 'vitest';
import type { OutgoingTry, Sender } from '../../src/platform/ports.js';
import { rowsText, runWorld } from './support/job-run-world.js';

describe('a connection that this machine has nothing left for', () => {
  it.each([
    ['EMFILE', 'too-many-files', 'raise `ulimit -n` or lower --concurrency'],
    ['ENFILE', 'too-many-files', '--concurrency'],
    ['ENOMEM', 'no-memory', '--concurrency'],
    ['ENOSPC', 'no-space', 'free some space'],
  ])('stops the run with 6 and ends no row: %s', async (errorCode, code, advice) => {
    const world = await runWorld();
    const file = await world.put('a.csv', rowsText(5));
    const reply = { kind: 'broken', errorCode, message: `connect ${errorCode} 192.0.2.7:443` } as const;
    const send = (_outgoing: OutgoingTry, sender: Sender) => {
      sender.mayStart();
      queueMicrotask(() => sender.settled(reply));
    };
    const openTransport = async () => ({ send, abortAll: () => {}, close: async () => {} });

    const end = await world.run(file, { retries: 0 }, {}, { openTransport });

    expect(end).toMatchObject({ exitStatus: 6, error: { code } });
    expect(end.error?.message).toContain(advice);
    expect(await world.results('a.csv')).toEqual([]);

    expect((await world.run(file)).exitStatus).toBe(0);
    expect(await world.results('a.csv')).toHaveLength(5);
  });
});
