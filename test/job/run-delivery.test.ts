import { describe, expect, it } from 'vitest';
import type { SendEvent } from '../../src/job/terms/events.js';
import type { SendOptions } from '../../src/job/terms/options.js';
import { deliveryAttributesMax } from '../../src/target-api/limits.js';
import { delivered, ids, type RunWorld, rowsText, runWorld, taken } from './support/job-run-world.js';

const hourMs = 3_600_000;
const onDelivery = { route: 'delivery', deliveryCap: 1000 } as const;
const onCap = { onCap: 'delivery', deliveryCap: 1000 } as const;

/** `v1` … by route, in the order in which they were seen. */
function seenBy(world: RunWorld, route: 'update' | 'delivery'): string[] {
  return world.seen.filter((one) => one.route === route).map(({ id }) => id);
}

/** Of each row its route, by its number. */
async function routes(world: RunWorld): Promise<string[]> {
  const lines = await world.results('drop.csv');
  return lines.sort((one, other) => Number(one[0]) - Number(other[0])).map((cells) => cells.at(-1) ?? '');
}

/** A run that is ended a second after it began to wait for units. */
async function untilHeld(world: RunWorld, file: string, options: Partial<SendOptions>): Promise<void> {
  const stopping = new AbortController();
  const onEvent = ({ kind }: SendEvent) => {
    if (kind === 'hold') world.clock.schedule(1000, () => stopping.abort());
  };
  await world.run(file, options, { signal: stopping.signal, onEvent });
}

describe('--route delivery', () => {
  it('sends every row by the Delivery API, without the token, and says so in the results', async () => {
    const world = await runWorld();
    const file = await world.put('drop.csv', 'batch=thirdPartyId,row\nv1,1\nv1,2\nv2,\n');
    const notices: string[] = [];
    const hooks = { onEvent: (event: { kind: string; code?: string }) => notices.push(event.code ?? '') };
    const end = await world.run(file, { ...onDelivery, token: 'secret-token' }, hooks);
    expect(end.exitStatus).toBe(0);
    expect(notices).toContain('delivery');
    expect(world.seen.map(({ route, id, values }) => [route, id, values.get('profile.row')])).toEqual([
      ['delivery', 'v1', '1'],
      ['delivery', 'v1', '2'],
    ]);
    expect(world.seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
    expect(await routes(world)).toEqual(['delivery', 'delivery', '']);
    expect(end.jobs[0]?.cap).toMatchObject({ limit: 1000, used: 2 });
  });

  it('counts --delivery-cap over all runs, apart from the updates', async () => {
    const world = await runWorld();
    const first = await world.put('drop.csv', rowsText(3));
    const options = { route: 'delivery', deliveryCap: 4, onCap: 'stop', concurrency: 1 } as const;
    expect((await world.run(first, options)).exitStatus).toBe(0);
    const second = await world.put('other.csv', rowsText(3));
    const end = await world.run(second, options);
    expect(end.exitStatus).toBe(4);
    expect(end.error?.message).toContain('--delivery-cap');
    expect(seenBy(world, 'delivery')).toHaveLength(4);
    const updates = await world.run(second, { dailyCap: 3, onCap: 'stop', concurrency: 1 });
    expect(updates.jobs[0]?.cap).toMatchObject({ limit: 3, used: 2 });
  });

  it('keeps the session of a visitor over rows and runs', async () => {
    const world = await runWorld();
    await world.run(await world.put('drop.csv', 'batch=thirdPartyId,row\nv1,1\nv2,2\nv1,3\n'), onDelivery);
    await world.run(await world.put('other.csv', 'batch=thirdPartyId,row\nv1,1\n'), onDelivery);
    const sessions = world.seen.filter(({ id }) => id === 'v1').map(({ path }) => path);
    expect(sessions).toHaveLength(3);
    expect(new Set(sessions).size).toBe(1);
    expect(world.seen[1]?.path).not.toBe(sessions[0]);
  });

  it('sends a row again whose notification the reply does not name', async () => {
    const world = await runWorld();
    let count = 0;
    world.answer = (one) => {
      count += 1;
      return count === 1 ? delivered({ notifications: [] }) : delivered(one);
    };
    const end = await world.run(await world.put('drop.csv', rowsText(1)), onDelivery);
    expect(end.exitStatus).toBe(0);
    expect((await world.results('drop.csv'))[0]?.slice(3, 6)).toEqual(['submitted', '200', '2']);
  });

  it('a 420 holds its visitor alone', async () => {
    const world = await runWorld();
    let isBusy = true;
    world.answer = (one) => {
      if (one.id !== 'v1' || !isBusy) return delivered(one);
      isBusy = false;
      return { status: 420 };
    };
    const end = await world.run(await world.put('drop.csv', 'batch=thirdPartyId,row\nv1,1\nv1,2\nv2,3\n'), {
      ...onDelivery,
      concurrency: 1,
    });
    expect(end.exitStatus).toBe(0);
    expect(seenBy(world, 'delivery')).toEqual(['v1', 'v2', 'v1', 'v1']);
  });

  it('stops at a host that is not authorized, names the option, and ends no row', async () => {
    const world = await runWorld();
    world.answer = () => ({ status: 400, body: '{"status":400,"message":"Mbox host \'\' is not authorized"}' });
    const end = await world.run(await world.put('drop.csv', rowsText(3)), onDelivery);
    expect(end).toMatchObject({ exitStatus: 3, error: { code: 'delivery-host' } });
    expect(end.error?.message).toContain('--delivery-host');
    expect(await world.results('drop.csv')).toEqual([]);
  });

  it('does not overtake updates of the same job that may not have been applied', async () => {
    const world = await runWorld();
    const file = await world.put('drop.csv', rowsText(4));
    expect((await world.run(file, { dailyCap: 2, onCap: 'stop', concurrency: 1 })).exitStatus).toBe(4);
    await world.clock.advance(hourMs);
    expect(await world.run(file, onDelivery)).toMatchObject({ exitStatus: 2, error: { code: 'route-order' } });
    await world.clock.advance(25 * hourMs);
    expect((await world.run(file, onDelivery)).exitStatus).toBe(0);
    expect(await routes(world)).toEqual(['update', 'update', 'delivery', 'delivery']);
  });
});

describe('--on-cap delivery', () => {
  it('goes by Delivery while no unit is left, and back to updates as units come free', async () => {
    const world = await runWorld();
    await world.run(await world.put('yesterday.csv', rowsText(2)), { dailyCap: 2 });
    await world.drive(world.clock.advance(24 * hourMs - 300_000));
    const file = await world.put('drop.csv', rowsText(4));
    const end = await world.run(file, { ...onCap, dailyCap: 2, deliveryCap: 2, concurrency: 1 });
    expect(end.exitStatus).toBe(0);
    expect(seenBy(world, 'delivery')).toEqual(['v1', 'v2']);
    expect(seenBy(world, 'update').slice(2)).toEqual(['v3', 'v4']);
    const [first, last] = [world.seen[0]?.atMs ?? 0, world.seen.at(-1)?.atMs ?? 0];
    expect(last - first).toBeGreaterThan(24 * hourMs);
  });

  it('leaves the reserve alone', async () => {
    const world = await runWorld();
    await world.run(await world.put('drop.csv', rowsText(4)), { ...onCap, dailyCap: 3, reserve: 1 });
    expect(seenBy(world, 'update')).toHaveLength(2);
    expect(seenBy(world, 'delivery')).toHaveLength(2);
  });

  it('keeps on updates: a visitor whose update may not have been applied, and a row that Delivery cannot carry', async () => {
    const world = await runWorld();
    const rows = `v1,1\nv2,2\nv1,3\nv3,4\nv1,5\nv4,${'x'.repeat(257)}\nv5,7\n`;
    const file = await world.put('drop.csv', `batch=thirdPartyId,row\n${rows}`);
    await untilHeld(world, file, { ...onCap, dailyCap: 2 });
    expect(seenBy(world, 'update')).toEqual(['v1', 'v2']);
    expect(seenBy(world, 'delivery')).toEqual(['v3', 'v5']);
  });

  it('is no way round a hold: 503 of updates holds both routes', async () => {
    const world = await runWorld();
    let refusalCount = 0;
    world.answer = (one) => {
      if (one.route === 'delivery') return delivered(one);
      refusalCount += 1;
      return refusalCount <= 2 ? { status: 503, headers: { 'retry-after': '600' } } : taken;
    };
    await world.run(await world.put('drop.csv', rowsText(4)), { ...onCap, concurrency: 1, dailyCap: 100 });
    expect(seenBy(world, 'delivery')).toEqual([]);
    expect((world.seen[1]?.atMs ?? 0) - (world.seen[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(600_000);
  });

  it('counts the rate over both routes', async () => {
    const world = await runWorld();
    await world.run(await world.put('drop.csv', rowsText(20)), { ...onCap, dailyCap: 10, ratePerSecond: 2 });
    const times = world.seen.map(({ atMs }) => atMs);
    expect(seenBy(world, 'delivery')).toHaveLength(10);
    expect(times.some((time, index) => index >= 2 && time - (times[index - 2] ?? 0) < 990)).toBe(false);
  });

  it('knows after a stop which visitors were updated', async () => {
    const world = await runWorld();
    const file = await world.put('drop.csv', `${rowsText(3)}v1,4\nv5,5\n`);
    const stopping = new AbortController();
    const hooks = { signal: stopping.signal, onRow: () => world.seen.length >= 2 && stopping.abort() };
    await world.run(file, { ...onCap, dailyCap: 2, concurrency: 1 }, hooks);
    expect(seenBy(world, 'update')).toEqual(['v1', 'v2']);
    await world.clock.advance(hourMs);
    await untilHeld(world, file, { ...onCap, dailyCap: 2 });
    expect(seenBy(world, 'update')).toEqual(['v1', 'v2']);
    expect(seenBy(world, 'delivery')).toEqual(['v3', 'v5']);
  });

  it('reads on past rows that wait for units, however many', async () => {
    const world = await runWorld();
    const count = 700;
    const again = ids(count).map((id) => `${id},again\n`);
    const fresh = ids(5, count + 1).map((id) => `${id},fresh\n`);
    const file = await world.put('drop.csv', `${rowsText(count)}${again.join('')}${fresh.join('')}`);
    await untilHeld(world, file, { ...onCap, dailyCap: count });
    expect(seenBy(world, 'delivery')).toEqual(ids(5, count + 1));
    expect(seenBy(world, 'update')).toHaveLength(count);
  });
});

describe('rows of one visitor as one update, by both routes', () => {
  const text = 'batch=thirdPartyId,row,x\nv1,1,a\nv2,2,\nv1,3,\nv1,4,\nv3,5,\n';
  const sent = (world: RunWorld) =>
    world.seen.map(({ route, id, values }) => [route, id, values.get('profile.row'), values.get('profile.x')]);

  it('--route delivery --coalesce: one request, whose reply is judged by all that it holds', async () => {
    const world = await runWorld();
    const file = await world.put('drop.csv', text);
    const end = await world.run(file, { ...onDelivery, coalesce: true });
    expect(end.exitStatus).toBe(0);
    expect(sent(world)).toContainEqual(['delivery', 'v1', '4', 'a']);
    expect(world.seen).toHaveLength(3);
    expect(await routes(world)).toEqual(Array(5).fill('delivery'));
    expect(end.jobs[0]).toMatchObject({ routes: { update: 0, delivery: 5 }, rows: { coalesced: 2 }, attempts: 3 });
  });

  it('has as many rows as one request takes, of attributes as well', async () => {
    const world = await runWorld();
    const names = Array.from({ length: deliveryAttributesMax + 10 }, (_, index) => `a${index}`);
    const first = names.map((_, index) => (index < deliveryAttributesMax - 5 ? '1' : ''));
    const second = names.map((_, index) => (index < deliveryAttributesMax - 5 ? '' : '2'));
    const csv = [`batch=thirdPartyId,${names.join(',')}`, `v1,${first.join(',')}`, `v1,${second.join(',')}`, 'v2,1'];
    const file = await world.put('drop.csv', `${csv.join('\n')}\n`);
    const end = await world.run(file, { ...onDelivery, coalesce: true });
    expect(end.exitStatus).toBe(0);
    expect(seenBy(world, 'delivery').filter((id) => id === 'v1')).toHaveLength(2);
  });

  it('--on-cap delivery: a group whose first row an earlier run may have sent by update stays on updates', async () => {
    const world = await runWorld();
    const file = await world.put('drop.csv', text);
    const stopping = new AbortController();
    world.answer = (one) => {
      if (one.id === 'v1') return 'stall';
      if (one.id === 'v3') world.clock.schedule(2000, () => stopping.abort());
      return delivered(one);
    };
    const first = { ...onCap, dailyCap: 1, graceMs: 0 };
    await world.run(file, first, { signal: stopping.signal });
    expect(sent(world).map(([route, id]) => [route, id])).toEqual([
      ['update', 'v1'],
      ['delivery', 'v2'],
      ['delivery', 'v3'],
    ]);
    world.answer = (one) => (one.route === 'delivery' ? delivered(one) : taken);
    const end = await world.run(file, { ...first, coalesce: true });
    expect(end.exitStatus).toBe(0);
    expect(sent(world).filter(([, id]) => id === 'v1')).toEqual([
      ['update', 'v1', '1', 'a'],
      ['update', 'v1', '4', 'a'],
    ]);
  });
});
