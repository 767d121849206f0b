import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { signalStatusOf, watchSignals } from '../../src/commands/line/signals.js';
import { movedClock } from '../support/index.js';

function watched() {
  const source = new EventEmitter();
  const clock = movedClock();
  const seen: string[] = [];
  const signal = watchSignals(source, clock, {
    onFirst: (name) => seen.push(`first ${name}`),
    onFurther: (name) => seen.push(`further ${name}`),
  });
  return { source, clock, seen, signal };
}

describe('signals', () => {
  it('stop in good order at first, with the name of the signal as the reason', () => {
    const { source, seen, signal } = watched();
    source.emit('SIGTERM');
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe('SIGTERM');
    expect(seen).toEqual(['first SIGTERM']);
  });

  it('are taken for the same one within half a second, whatever their name', async () => {
    const { source, clock, seen } = watched();
    source.emit('SIGINT');
    await clock.advance(499);
    source.emit('SIGINT');
    source.emit('SIGTERM');
    expect(seen).toEqual(['first SIGINT']);
  });

  it('end at once when they come again later', async () => {
    const { source, clock, seen, signal } = watched();
    source.emit('SIGINT');
    await clock.advance(500);
    source.emit('SIGTERM');
    expect(seen).toEqual(['first SIGINT', 'further SIGTERM']);
    expect(signal.reason).toBe('SIGINT');
  });

  it.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s is status %d', (name, status) => {
    expect(signalStatusOf(name)).toBe(status);
  });
});
