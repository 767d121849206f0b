import { describe, expect, it } from 'vitest';
import { rowsText, runWorld } from './support/job-run-world.js';

describe('where a run sends to', () => {
  it('is not plain http to a name that leads to another machine, whatever the name', async () => {
    const world = await runWorld();
    const file = await world.put('loyalty.csv', rowsText(3));
    const endpoint = `http://shop.localhost:${world.server.port}`;

    const end = await world.run(file, { endpoint }, {}, { lookUp: async () => ['192.0.2.7'] });

    expect(end).toMatchObject({ exitStatus: 3, error: { code: 'endpoint-http' } });
    expect(world.seen).toHaveLength(0);
  });

  it.each([
    ['127.0.0.1', true],
    ['::ffff:127.0.0.1', true],
  ])('counts in the ledger of loopback where the name has the address %s', async (address, isLoopback) => {
    const world = await runWorld();
    const file = await world.put('loyalty.csv', rowsText(3));
    const lookUp = async () => [address];
    const endpoint = `http://target.example:${world.server.port}`;

    const end = await world.run(file, { endpoint }, {}, { lookUp, openTransport: world.transportWith(lookUp) });

    expect(end.exitStatus).toBe(0);
    expect(world.seen).toHaveLength(3);
    expect((await world.machine.lookAtCap(world.options, isLoopback)).used).toBe(3);
    expect((await world.machine.lookAtCap(world.options, !isLoopback)).used).toBe(0);
  });

  it('keeps its kind: a name that leads elsewhere later gets no row', async () => {
    const world = await runWorld();
    const file = await world.put('loyalty.csv', rowsText(3));
    let lookUpCount = 0;
    const lookUp = async () => {
      lookUpCount += 1;
      return [lookUpCount === 1 ? '192.0.2.7' : '127.0.0.1'];
    };
    const options = { endpoint: `http://target.example:${world.server.port}`, allowHttp: true };

    const end = await world.run(file, options, {}, { lookUp, openTransport: world.transportWith(lookUp) });

    expect(end).toMatchObject({ exitStatus: 3, error: { code: 'endpoint-unresolved' } });
    expect(world.seen).toHaveLength(0);
    expect(lookUpCount).toBeGreaterThan(1);
  });
});
