import { describe, expect, it } from 'vitest';
import type { Reply } from '../../../src/platform/ports.js';
import { classify } from '../../../src/target-api/classify.js';
import { redact } from '../../../src/target-api/redact.js';
import { deliveryRoute } from '../../../src/target-api/routes/delivery.js';
import { type DeliveryRequestOptions, sessionId } from '../../../src/target-api/routes/delivery-request.js';
import { noDelivery } from '../../support/index.js';

const nowMs = Date.UTC(2026, 0, 1);
const options = {
  clientCode: 'Acme',
  timeoutMs: 30_000,
  host: 'www.example.com',
  mbox: noDelivery.deliveryMbox,
  property: null,
  userAgent: noDelivery.deliveryUserAgent,
};
const route = deliveryRoute(options);
const row = { rowNumber: 7, form: 'mbox3rdPartyId=cust-1&profile.tier=gold' };

function body(form: string, changes: Partial<DeliveryRequestOptions> = {}): unknown {
  const { body: text } = deliveryRoute({ ...options, ...changes }).outgoing({ ...row, form }, 'Bearer secret', nowMs);
  const parsed: unknown = JSON.parse(text ?? '');
  return parsed;
}

/** `count` attributes `a1` … */
function formOf(count: number): string {
  return `mbox3rdPartyId=v${Array.from({ length: count }, (_, index) => `&profile.a${index + 1}=${index}`).join('')}`;
}

describe('a Delivery request', () => {
  it('is one notification with the attributes of one visitor, and renders nothing', () => {
    const outgoing = route.outgoing(row, 'Bearer secret', nowMs);
    expect(outgoing).toMatchObject({ method: 'POST', isJson: true, authorization: null, timeoutMs: 30_000 });
    expect(outgoing.path).toBe(
      `/rest/v1/delivery?client=Acme&sessionId=${sessionId('acme', 'thirdPartyId', 'cust-1')}`,
    );
    expect(body(row.form)).toEqual({
      id: { thirdPartyId: 'cust-1' },
      context: { channel: 'web', browser: { host: 'www.example.com' }, userAgent: 'Mozilla/5.0 (a test)' },
      notifications: [
        {
          id: 'row-7-1',
          type: 'display',
          timestamp: nowMs,
          mbox: { name: 'profile-drip' },
          profileParameters: { tier: 'gold' },
        },
      ],
    });
  });

  it('names no host and no property where none is given, and the property where one is', () => {
    expect(body(row.form, { host: null })).toMatchObject({ context: { channel: 'web', userAgent: options.userAgent } });
    expect(body(row.form, { host: null })).not.toHaveProperty('context.browser');
    expect(body(row.form, { property: 'at-1' })).toMatchObject({ property: { token: 'at-1' } });
  });

  it('calls a pcId tntId', () => {
    expect(body('mboxPC=12.34_0&profile.a=1')).toMatchObject({ id: { tntId: '12.34_0' } });
  });

  it.each([
    ['profile.caf%C3%A9=%F0%9F%98%80%20%26%3D%22%5C%0A', { café: '😀 &="\\\n' }],
    ['profile.__proto__=x&profile.constructor=y', JSON.parse('{"__proto__":"x","constructor":"y"}')],
    ['profile.2=b&profile.1=a', { 2: 'b', 1: 'a' }],
    ['profile.user.tier=x', { 'user.tier': 'x' }],
  ])('holds exactly the text of %s, as ASCII', (attributes, expected) => {
    const text = route.outgoing({ rowNumber: 1, form: `mbox3rdPartyId=v&${attributes}` }, null, nowMs).body ?? '';
    expect(text).toMatch(/^[ -~]*$/);
    expect(JSON.parse(text).notifications[0].profileParameters).toEqual(expected);
  });

  it.each([
    [1, [1]],
    [50, [50]],
    [51, [50, 1]],
    [100, [50, 50]],
    [2500, Array(50).fill(50)],
  ])('has %i attributes in notifications of 50 at most', (count, sizes) => {
    const { notifications } = JSON.parse(route.outgoing({ rowNumber: 1, form: formOf(count) }, null, nowMs).body ?? '');
    expect(
      notifications.map((one: { profileParameters: object }) => Object.keys(one.profileParameters).length),
    ).toEqual(sizes);
    expect(new Set(notifications.map(({ id }: { id: string }) => id)).size).toBe(sizes.length);
  });

  it('has a session that is the same on every machine: these digits must never change', () => {
    expect(sessionId('acme', 'thirdPartyId', 'cust-1')).toBe(
      '216ff0f7764aeb47ab24ad18cca1d4f46d47528367c3620096ce240918b2f9df',
    );
    expect(sessionId('ACME', 'thirdPartyId', 'cust-1')).toBe(sessionId('acme', 'thirdPartyId', 'cust-1'));
    expect(sessionId('acme', 'pcId', 'cust-1')).not.toBe(sessionId('acme', 'thirdPartyId', 'cust-1'));
    expect(sessionId('acme', 'thirdPartyId', 'cust-2')).not.toBe(sessionId('acme', 'thirdPartyId', 'cust-1'));
  });
});

describe('what Delivery can carry of a row', () => {
  it.each([
    [formOf(2500), true],
    [formOf(2501), false],
    [`mbox3rdPartyId=v&profile.a=${'x'.repeat(256)}`, true],
    [`mbox3rdPartyId=v&profile.a=${'x'.repeat(257)}`, false],
    [`mbox3rdPartyId=v&profile.a=${'%C3%A9'.repeat(256)}`, true],
    [`mbox3rdPartyId=v&profile.a=${'%C3%A9'.repeat(257)}`, false],
    [`mbox3rdPartyId=v&profile.${'n'.repeat(128)}=1`, true],
    [`mbox3rdPartyId=v&profile.${'n'.repeat(129)}=1`, false],
    [`mbox3rdPartyId=${'v'.repeat(256)}&profile.a=1`, true],
    [`mboxPC=${'v'.repeat(128)}&profile.a=1`, true],
    [`mboxPC=${'v'.repeat(129)}&profile.a=1`, false],
  ])('%#', (form, isCarried) => {
    expect(route.carries(form)).toBe(isCarried);
  });
});

describe('a Delivery reply', () => {
  const judge = (httpStatus: number, reply: unknown, retryAfter: string | null = null, form = row.form) => {
    const text = typeof reply === 'string' ? reply : JSON.stringify(reply);
    const answered: Extract<Reply, { kind: 'answered' }> = { kind: 'answered', httpStatus, retryAfter, body: text };
    return route.judge({ ...row, form }, answered, nowMs);
  };
  const taken = (ids: readonly string[], more: object = {}) => ({
    status: 200,
    requestId: 'r',
    client: 'acme',
    id: { tntId: 't', thirdPartyId: 'cust-1' },
    notifications: ids.map((id) => ({ id })),
    ...more,
  });

  it('that names every notification is a success', () => {
    expect(judge(200, taken(['row-7-1']))).toEqual({ kind: 'submitted', httpStatus: 200 });
    expect(judge(200, taken(['row-7-2', 'row-7-1']), null, formOf(51))).toEqual({ kind: 'submitted', httpStatus: 200 });
  });

  it.each([
    ['none', taken([]), row.form],
    ['none at all', { status: 200, requestId: 'r' }, row.form],
    ["another row's", taken(['row-8-1']), row.form],
    ['one of two', taken(['row-7-1']), formOf(51)],
    ['strange ones', taken([], { notifications: [null, 'row-7-1', { id: 7 }] }), row.form],
  ])('that names %s is tried again', (_, reply, form) => {
    expect(judge(200, reply, null, form)).toMatchObject({
      kind: 'retry',
      trouble: 'not-understood',
      reason: { code: 'not-processed' },
    });
  });

  it.each([
    ['<html><body>Welcome</body></html>'],
    [''],
    ['{}'],
    ['[]'],
    ['null'],
    ['trueRequest successfully submitted'],
    [{ notifications: [{ id: 'row-7-1' }] }],
    [{ status: 500, message: 'oops', notifications: [{ id: 'row-7-1' }] }],
  ])('that is not of this API is not understood: %j', (reply) => {
    expect(judge(200, reply)).toMatchObject({ kind: 'retry', reason: { code: 'not-understood' } });
  });

  it('420 is of this visitor alone', () => {
    expect(judge(420, '', '3')).toMatchObject({ kind: 'retry', trouble: 'session-busy', retryAfterMs: 3000 });
  });

  it.each([
    [400, { status: 400, message: "Mbox host '' is not authorized" }, 'delivery-host'],
    [403, "Mbox host 'www.example.com' is not authorized", 'delivery-host'],
    [400, { status: 400, message: 'Invalid property token' }, 'delivery-property'],
  ])('%i that is about an option stops the run', (status, reply, cause) => {
    expect(judge(status, reply)).toMatchObject({ kind: 'stop', cause });
  });

  it.each([
    [400, { status: 400, message: 'Bad id' }, { kind: 'refused', reason: { code: 'http-4xx', text: 'Bad id' } }],
    [413, 'too large', { kind: 'refused', reason: { code: 'http-4xx', text: 'too large' } }],
    [200, { status: 400, message: 'Bad id' }, { kind: 'refused', reason: { code: 'target-refused', text: 'Bad id' } }],
    [401, '', { kind: 'stop', cause: 'unauthorized' }],
    [403, '', { kind: 'stop', cause: 'forbidden' }],
    [302, '', { kind: 'stop', cause: 'redirect' }],
    [408, '', { kind: 'retry', trouble: 'request-timeout' }],
    [429, '', { kind: 'retry', trouble: 'throttled' }],
    [503, '', { kind: 'retry', trouble: 'throttled' }],
    [500, { status: 500, message: 'oops' }, { kind: 'retry', trouble: 'server', reason: { text: 'oops' } }],
    [204, '', { kind: 'retry', trouble: 'not-understood' }],
  ])('%i is judged as of an update', (status, reply, expected) => {
    expect(judge(status, reply)).toMatchObject(expected);
  });

  it('that broke or did not come is judged as of an update', () => {
    const broken = { kind: 'broken', errorCode: 'ECONNRESET', message: 'read ECONNRESET' } as const;
    expect(route.judge(row, broken, nowMs)).toEqual(classify(broken, nowMs));
    expect(route.judge(row, { kind: 'timed-out' }, nowMs)).toEqual(classify({ kind: 'timed-out' }, nowMs));
  });

  it('whose message repeats the id shows none of it', () => {
    const outcome = judge(400, { status: 400, message: 'no visitor cust-1' });
    const text = outcome.kind === 'refused' ? (outcome.reason.text ?? '') : '';
    expect(redact(text, row.form, null)).not.toContain('cust-1');
  });
});
