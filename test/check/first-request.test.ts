import { describe, expect, it, onTestFinished } from 'vitest';
import { type ShownRequest, type ShownRequestOptions, shownRequests } from '../../src/check/first-request.js';
import type { FirstRequest } from '../../src/check/options.js';
import { systemClock } from '../../src/platform/clock.js';
import { makeTransport } from '../../src/target-api/client.js';
import { makeRoute } from '../../src/target-api/routes/make-route.js';
import { listen, noDelivery } from '../support/index.js';

const request = { file: 'a.csv', rowNumber: 1, lineNumber: 2, form: 'mbox3rdPartyId=anna&profile.tier=gold' };
const options: ShownRequestOptions = {
  ...noDelivery,
  clientCode: 'acme',
  endpoint: null,
  method: 'post',
  onCap: 'wait',
  hasToken: true,
  showValues: false,
  nowMs: 1_767_225_600_000,
};

function shownRequest(first: FirstRequest, how: ShownRequestOptions): ShownRequest {
  const [shown] = shownRequests(first, how);
  if (shown === undefined) throw new Error('nothing is shown');
  return shown;
}

describe('a request that is shown', () => {
  it.each(['post', 'get', 'post-query'] as const)('by %s hides id, values and token', (method) => {
    const shown = shownRequest(request, { ...options, method });
    expect(shown.body ?? shown.url).toContain('mbox3rdPartyId=…&profile.tier=…');
    expect(shown.headers).toContainEqual(['authorization', 'Bearer […]']);
    expect(JSON.stringify(shown)).not.toMatch(/anna|gold/);
  });

  it('shows them when asked to, with the length that goes out either way', () => {
    expect(shownRequest(request, { ...options, showValues: true })).toMatchObject({ body: request.form });
    expect(shownRequest(request, options).headers).toContainEqual(['content-length', String(request.form.length)]);
  });
});

describe('a Delivery request that is shown', () => {
  it('hides id, values, session and token', () => {
    const shown = shownRequest(request, { ...options, route: 'delivery' });
    expect(shown.url).toMatch(/sessionId=…$/);
    expect(shown.body).toContain('"profileParameters":{"tier":"…"}');
    expect(shown.headers).toContainEqual(['content-type', 'application/json']);
    expect(shown.headers.map(([name]) => name)).not.toContain('authorization');
    expect(JSON.stringify(shown)).not.toMatch(/anna|gold/);
  });

  it('stands beside the update with --on-cap delivery, where Delivery can carry the row', () => {
    const both = { ...options, onCap: 'delivery' } as const;
    expect(shownRequests(request, both).map(({ route }) => route)).toEqual(['update', 'delivery']);
    const long = { ...request, form: `mbox3rdPartyId=anna&profile.tier=${'x'.repeat(257)}` };
    expect(shownRequests(long, both).map(({ route }) => route)).toEqual(['update']);
  });
});

const leaving = [
  ['post', 'update'],
  ['get', 'update'],
  ['post-query', 'update'],
  ['post', 'delivery'],
] as const;

describe('what is shown', () => {
  it.each(leaving)('is what leaves, to the last header: %s, %s', async (method, route) => {
    const heard: { method: string | undefined; url: string; rawHeaders: string[]; body: string }[] = [];
    const server = await listen(async (incoming, response) => {
      let body = '';
      for await (const chunk of incoming) body += String(chunk);
      heard.push({
        method: incoming.method,
        url: `http://${incoming.headers.host}${incoming.url}`,
        rawHeaders: incoming.rawHeaders,
        body,
      });
      response.end('trueRequest successfully submitted');
    });
    const transport = await makeTransport({
      destination: { origin: server.url, isLoopback: true },
      lookUp: async () => [],
      environment: {},
      connections: 1,
      connectTimeoutMs: 5_000,
      clock: systemClock,
    });
    onTestFinished(() => transport.close());
    const made = makeRoute({ ...options, method, timeoutMs: 5_000 }, route).outgoing(
      request,
      'Bearer […]',
      options.nowMs,
    );
    // A header is Latin-1, and the mark is not.
    const sent = { ...made, authorization: made.authorization === null ? null : 'Bearer t' };
    await new Promise((settled) => transport.send(sent, { mayStart: () => true, settled }));

    const shown = shownRequest(request, { ...options, method, route, endpoint: server.url, showValues: true });
    const headers = shown.headers.flatMap(([name, value]) => [name, name === 'authorization' ? 'Bearer t' : value]);
    expect(heard).toEqual([{ method: shown.method, url: shown.url, rawHeaders: headers, body: shown.body ?? '' }]);
  });
});
