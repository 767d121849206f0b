import { describe, expect, it, onTestFinished } from 'vitest';
import { type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.js';
import { movedClock } from '../support/index.js';

const browser = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';

async function sandbox(options: Partial<SandboxOptions> = {}) {
  const clock = movedClock();
  const faultless = { knownOnly: true, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 1 };
  const one = await startSandbox({ port: 0, ...faultless, clock, ...options });
  onTestFinished(() => one.close());
  const send = async (request: unknown, sessionId = 's1', client = 'acme') => {
    const response = await fetch(
      `${one.url}/rest/v1/delivery?client=${client}&sessionId=${encodeURIComponent(sessionId)}`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof request === 'string' ? request : JSON.stringify(request),
      },
    );
    const reply: unknown = await response.json();
    return { status: response.status, reply };
  };
  return { one, clock, send };
}

/** A request as the API's specification has it; `profileParameters` of one notification. */
function request(profileParameters: Record<string, unknown>, changes: object = {}) {
  return {
    id: { thirdPartyId: 'v1' },
    context: { channel: 'web', userAgent: browser },
    notifications: [{ id: 'n1', type: 'display', timestamp: 1, mbox: { name: 'm' }, profileParameters }],
    ...changes,
  };
}

describe('the Delivery API of the sandbox', () => {
  it('creates an unknown visitor, at once, and names each notification', async () => {
    const { one, send } = await sandbox({ applyAfterMs: 3_600_000 });
    const { status, reply } = await send(request({ tier: 'gold', città: 'Forlì' }));
    expect(status).toBe(200);
    expect(reply).toMatchObject({
      status: 200,
      client: 'acme',
      id: { thirdPartyId: 'v1' },
      notifications: [{ id: 'n1' }],
    });
    expect(one.profile('thirdPartyId', 'v1')).toEqual({ tier: 'gold', città: 'Forlì' });
  });

  it('stores nothing of a robot, and answers the same', async () => {
    const { one, send } = await sandbox();
    for (const userAgent of ['profile-drip', `${browser} Googlebot/2.1`]) {
      expect(await send(request({ a: '1' }, { context: { channel: 'web', userAgent } }))).toMatchObject({
        status: 200,
      });
    }
    expect(one.profile('thirdPartyId', 'v1')).toBeNull();
    expect(one.counts).toMatchObject({ deliveries: 2, delivered: 2, robots: 2 });
  });

  it('stores nothing of a second session of a visitor within half an hour', async () => {
    const { one, clock, send } = await sandbox();
    await send(request({ a: '1' }));
    await send(request({ a: '2' }), 's2');
    expect(one.profile('thirdPartyId', 'v1')).toEqual({ a: '1' });
    await clock.advance(1_800_000);
    await send(request({ a: '3' }), 's3');
    expect(one.profile('thirdPartyId', 'v1')).toEqual({ a: '3' });
    expect(one.counts).toMatchObject({ mixedSessions: 1 });
  });

  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, '1']));
  it.each([
    ['50 parameters', request(many(50)), 200],
    ['51 parameters', request(many(51)), 400],
    ['a value of 256', request({ a: 'x'.repeat(256) }), 200],
    ['a value of 257', request({ a: 'x'.repeat(257) }), 400],
    ['a name of 129', request({ ['n'.repeat(129)]: '1' }), 400],
    ['null', request({ a: null }), 400],
    ['no channel', request({ a: '1' }, { context: {} }), 400],
    ['two ids', request({ a: '1' }, { id: { tntId: 't', thirdPartyId: 'v' } }), 400],
    ['a tntId of 129', request({ a: '1' }, { id: { tntId: 't'.repeat(129) } }), 400],
    ['51 notifications', request({}, { notifications: Array(51).fill(request({}).notifications[0]) }), 400],
    ['no JSON', '{', 400],
  ])('%s', async (_, body, status) => {
    const { send } = await sandbox();
    expect((await send(body)).status).toBe(status);
  });

  it.each(['', 'a b', 'a/b', 'a?b', 'x'.repeat(129)])('refuses the session "%s"', async (sessionId) => {
    const { send } = await sandbox();
    expect(await send(request({ a: '1' }), sessionId)).toMatchObject({ status: 400, reply: { status: 400 } });
  });
});
