import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SendSnapshot } from '../../src/job/terms/events.js';
import { rowsLeft, shareDone } from '../../src/terminal/progress/time-left.js';
import { type RunWorld, rowsText, runWorld } from './support/job-run-world.js';

/** What the progress of a run is made of, as the run itself tells it. */

let world: RunWorld;

beforeEach(async () => {
  world = await runWorld();
});

/** 4,000 rows of some 11 bytes: all of them are in the first block that is read. */
const rowCount = 4000;
const text = rowsText(rowCount);

describe('how far a run is', () => {
  it.each([
    ['of a file', 'a.csv', Buffer.from(text)],
    ['of a compressed file', 'a.csv.gz', gzipSync(text)],
  ])('%s is told by its rows, although reading is far ahead of them', async (_what, name, content) => {
    const file = await world.put(name, content);
    let last: SendSnapshot | null = null;
    let ask: () => SendSnapshot | null = () => null;
    const onEvent = (event: { readonly kind: string; readonly snapshot?: () => SendSnapshot }) => {
      if (event.snapshot !== undefined) ask = event.snapshot;
      if (event.kind === 'ended') last = ask();
    };
    await world.run(file, { limit: 400 }, { onEvent });
    if (last === null) throw new Error('no snapshot');
    expect(shareDone(last)).toBeGreaterThan(0.08);
    expect(shareDone(last)).toBeLessThan(0.12);
    const left = rowsLeft(last) ?? 0;
    expect(left).toBeGreaterThan(3400);
    expect(left).toBeLessThan(4700); // judged by the first rows, whose ids are short
  });
});
