import { describe, expect, it, onTestFinished } from 'vitest';
import { shownRequest } from '../../src/check/first-request.js';
import { systemClock } from '../../src/platform/clock.js';
import { makeTransport } from '../../src/target-api/client.js';
import { makeOutgoing } from '../../src/target-api/prepare.js';
import { listen } from '../support/index.js';

const request = { file: 'a.csv', rowNumber: 1, lineNumber: 2, form: 'mbox3rdPartyId=anna&profile.tier=gold' };
const options = { clientCode: 'acme', endpoint: null, method: 'post', hasToken: true, showValues: false } as const;

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

describe('what is shown', () => {
  it.each(['post', 'get', 'post-query'] as const)('is what leaves, to the last header: %s', async (method) => {
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
    const outgoing = makeOutgoing({ method, clientCode: 'acme', timeoutMs: 5_000 })(request.form, 'Bearer […]');
    // A header is Latin-1, and the mark is not.
    const sent = { ...outgoing, authorization: 'Bearer t' };
    await new Promise((settled) => transport.send(sent, { mayStart: () => true, settled }));

    const shown = shownRequest(request, { ...options, method, endpoint: server.url, showValues: true });
    const headers = shown.headers.flatMap(([name, value]) => [name, name === 'authorization' ? 'Bearer t' : value]);
    expect(heard).toEqual([{ method: shown.method, url: shown.url, rawHeaders: headers, body: shown.body ?? '' }]);
  });
});
