import { describe, expect, it } from 'vitest';
import {
  companyOf,
  isLive,
  newRegistry,
  parseRegistry,
  type Registry,
  registryText,
  type Stamp,
  withAllForgotten,
  withEnded,
  withoutOver,
  withRenewed,
  withRun,
} from '../../src/memory/run-registry.js';

const second = 1_000;
const hour = 3_600 * second;

function at(seconds: number, change: Partial<Stamp> = {}): Stamp {
  return { bootId: 'boot', monotonicMs: seconds * second, wallMs: 1_000_000 * second + seconds * second, ...change };
}

function registered(now: Stamp, { job = 'job', timeoutMs = 30 * second, to = newRegistry('check') } = {}): Registry {
  return withRun(to, { runId: 'run', job, timeoutMs }, now);
}

function present(registry: Registry, now: Stamp): number[] {
  return withoutOver(registry, now).runs.map((run) => run.number);
}

describe('the runs of a memory', () => {
  it('are numbered from 1 in the order in which they register', () => {
    const two = registered(at(0), { job: 'b', to: registered(at(0), { job: 'a' }) });
    expect(two.runs.map((run) => run.number)).toEqual([1, 2]);
    expect(two.nextRun).toBe(3);
  });

  it('are over when they have not renewed for a minute, a time-out and a margin', () => {
    const registry = registered(at(0));
    expect(present(registry, at(95))).toEqual([1]);
    expect(present(registry, at(95.001))).toEqual([]);
  });

  it('may go without renewing for as long as one try may take', () => {
    const registry = registered(at(0), { timeoutMs: 120 * second });
    expect(present(registry, at(245))).toEqual([1]);
    expect(present(registry, at(245.001))).toEqual([]);
  });

  it('stay while they renew', () => {
    const renewed = withRenewed(registered(at(0), { job: 'b', to: registered(at(0)) }), 1, at(60));
    expect(present(renewed, at(155))).toEqual([1]);
  });

  it('are over a time-out and a margin after they ended', () => {
    const ended = withEnded(registered(at(0)), 1, at(10));
    expect(present(ended, at(45))).toEqual([1]);
    expect(present(ended, at(45.001))).toEqual([]);
  });

  it('have ended when a run of the same job registers, and only of that job', () => {
    const other = registered(at(0), { job: 'other', to: registered(at(0)) });
    const next = registered(at(50), { to: other });
    expect(next.runs.map((run) => run.hasEnded)).toEqual([true, false, false]);
    expect(present(next, at(85))).toEqual([1, 2, 3]);
    expect(present(next, at(85.001))).toEqual([2, 3]);
  });

  it('are there no more when they were let go or ended', () => {
    expect(isLive(registered(at(0)), 1)).toBe(true);
    expect(isLive(withoutOver(registered(at(0)), at(100)), 1)).toBe(false);
    const takenOver = registered(at(1), { to: registered(at(0)) });
    expect([isLive(takenOver, 1), isLive(takenOver, 2)]).toEqual([false, true]);
  });

  it('are not taken to be over by a wall clock that is set, within one boot', () => {
    const registry = registered(at(0));
    expect(present(registry, at(1, { wallMs: at(0).wallMs + 1_000 * hour }))).toEqual([1]);
    expect(present(registry, at(96, { wallMs: at(0).wallMs - 1_000 * hour }))).toEqual([]);
  });

  it.each([
    ['after the machine was started again', 'boot', 'another boot'],
    ['where the system does not name its boot', null, null],
  ])('are over an hour later %s', (_case, before, after) => {
    const registry = registered(at(0, { bootId: before }));
    const later = (seconds: number) => ({ ...at(seconds), bootId: after, monotonicMs: 0 });
    expect(present(registry, later(95 + 3_600))).toEqual([1]);
    expect(present(registry, later(96 + 3_600))).toEqual([]);
  });

  it('do not stay for as long as the wall clock was ahead', () => {
    const registry = registered(at(0, { wallMs: at(0).wallMs + 10_000 * hour }));
    const seen = withoutOver(registry, at(10, { bootId: 'another boot' }));
    expect(seen.runs).toHaveLength(1);
    expect(present(seen, at(10 + 96 + 3_600, { bootId: 'another boot' }))).toEqual([]);
  });

  it('make company: who is there, and who was when the memory was forgotten', () => {
    const forgotten = withAllForgotten(registered(at(0), { job: 'b', to: registered(at(0)) }));
    const left = withoutOver(withRenewed(forgotten, 2, at(90)), at(96));
    const { presence, forgottenThrough } = companyOf(left);
    expect(forgottenThrough).toBe(2);
    expect([presence.has(1), presence.has(2)]).toEqual([false, true]);
    expect([presence.anyUpTo(0), presence.anyUpTo(1), presence.anyUpTo(2)]).toEqual([false, false, true]);
    expect(companyOf(newRegistry('')).presence.anyUpTo(9)).toBe(false);
  });

  it('come back as they were written', () => {
    const registry = registered(at(0, { bootId: null }), { to: registered(at(0.5)) });
    expect(parseRegistry(registryText(registry))).toEqual(registry);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"schema":2}',
    '{"schema":1,"keyCheck":"","nextRun":1,"forgottenThrough":0,"runs":[{}]}',
  ])('are refused where they were not written by this version: %s', (text) => expect(parseRegistry(text)).toBeNull());
});
