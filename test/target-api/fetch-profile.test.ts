import { describe, expect, it } from 'vitest';
import { fetchRequest, judgeFetch } from '../../src/target-api/fetch-profile.js';

const nowMs = Date.UTC(2026, 10, 25, 12);
const answered = (httpStatus: number, body: unknown, date?: string) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    kind: 'answered',
    httpStatus,
    retryAfter: null,
    body: text,
    ...(date === undefined ? {} : { date }),
  } as const;
};
const judge = (httpStatus: number, body: unknown, date?: string) => judgeFetch(answered(httpStatus, body, date), nowMs);

describe('the request for a profile', () => {
  const options = { clientCode: 'acme', timeoutMs: 1000 };

  it.each([
    ['thirdPartyId', 'a b/ü', '/rest/v1/profiles/thirdPartyId/a%20b%2F%C3%BC?client=acme'],
    ['pcId', '123.28_0', '/rest/v1/profiles/123.28_0?client=acme'],
  ] as const)('by %s', (idType, id, path) => {
    const request = fetchRequest(id, 'Bearer t', { ...options, idType });
    expect(request).toEqual({ method: 'GET', path, body: null, authorization: 'Bearer t', timeoutMs: 1000 });
  });
});

describe('a reply with a profile', () => {
  it('of today: values with their times, attributes of others among them', () => {
    const outcome = judge(200, {
      client: 'acme',
      visitorId: { thirdPartyId: 'v1' },
      modifiedAt: '2026-11-25T10:00:00.000Z',
      profileAttributes: {
        country: { value: 'france', modifiedAt: '2026-11-25T11:00:00.000+01:00' },
        'user.browser': { value: 'x', modifiedAt: '2026-11-25T10:00:00.000Z' },
        firstSessionStart: { value: 12 },
        strange: 'text',
      },
    });
    const atMs = Date.UTC(2026, 10, 25, 10);
    expect(outcome).toEqual({
      kind: 'profile',
      aheadMs: 0,
      attributes: new Map([
        ['country', { value: 'france', modifiedAtMs: atMs }],
        ['user.browser', { value: 'x', modifiedAtMs: atMs }],
        ['firstSessionStart', { value: '12', modifiedAtMs: null }],
      ]),
    });
  });

  it.each([
    ['2026-11-25T10:00:00.000Z', 10],
    ['2026-11-25T10:00:00', 10],
    ['2026-11-25T10:00:00.000-0500', 15],
    ['2026-11-25T10:00:00+02:00', 8],
  ])('reads the time %s', (modifiedAt, hour) => {
    const outcome = judge(200, {
      mboxPC: '1',
      thirdPartyId: 'v',
      profileAttributes: { 'profile.a': { value: '', modifiedAt } },
    });
    const attributes = new Map([['a', { value: '', modifiedAtMs: Date.UTC(2026, 10, 25, hour) }]]);
    expect(outcome).toMatchObject({ kind: 'profile', attributes });
  });

  it('without any attribute is a profile all the same', () => {
    expect(judge(200, { client: 'acme', visitorId: 'v1' })).toMatchObject({ kind: 'profile', attributes: new Map() });
  });

  it('says by its Date how far the clocks are apart', () => {
    expect(judge(200, { visitorId: 'v', profileAttributes: {} }, 'Wed, 25 Nov 2026 12:05:00 GMT')).toMatchObject({
      aheadMs: 300_500,
    });
    expect(judge(200, { visitorId: 'v', profileAttributes: {} }, 'soon')).toMatchObject({ aheadMs: 0 });
  });
});

describe('a reply without one', () => {
  it.each([
    [404, { status: 404, message: 'No profile found for client acme with third party id=v1' }],
    [404, { status: 404, message: 'No profile found for client acme with mboxPC=1' }],
    [404, '<error>No profile found for client acme</error>'],
    [200, { status: 404, message: 'No profile found for client acme with third party id=v1' }],
  ])('%i %j: not found', (httpStatus, body) => {
    expect(judge(httpStatus, body)).toEqual({ kind: 'not-found' });
  });

  it.each([
    [404, '<html>no such page</html>', 'refused', 'http-4xx'],
    [
      400,
      '<ns2:profileResponseErrorBody><message>bad client</message></ns2:profileResponseErrorBody>',
      'refused',
      'http-4xx',
    ],
    [403, '<error/>', 'stop', 'unauthorized'],
    [401, '', 'stop', 'unauthorized'],
    [302, '', 'stop', 'redirect'],
    [429, '', 'retry', 'rate-limited'],
    [503, '', 'retry', 'unavailable'],
    [500, '{}', 'retry', 'server-error'],
    [200, '<html></html>', 'retry', 'not-understood'],
    [200, '{"visitorId": "v", "profileAttributes": {"a"', 'retry', 'not-understood'],
    [200, { client: 'acme' }, 'retry', 'not-understood'],
    [200, '<response><success>true</success></response>', 'retry', 'not-understood'],
    [200, 'trueRequest successfully submitted', 'retry', 'not-understood'],
  ])('%i %j: %s', (httpStatus, body, kind, code) => {
    expect(judge(httpStatus, body)).toMatchObject({ kind, reason: { code } });
  });

  it('that never came is retried', () => {
    expect(judgeFetch({ kind: 'timed-out' }, nowMs)).toMatchObject({ kind: 'retry', trouble: 'silence' });
  });
});
