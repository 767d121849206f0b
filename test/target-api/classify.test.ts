import { describe, expect, it } from 'vitest';
import { classify } from '../../src/target-api/classify.js';
import type { TryOutcome } from '../../src/terms/outcome.js';

const nowWallMs = Date.UTC(2026, 0, 1);

function answer(httpStatus: number, body: string, retryAfter: string | null = null): TryOutcome {
  return classify({ kind: 'answered', httpStatus, body, retryAfter }, nowWallMs);
}

function broken(errorCode: string, message = 'what the system says'): TryOutcome {
  return classify({ kind: 'broken', errorCode, message }, nowWallMs);
}

const xml = (success: string, message = 'Request successfully submitted') =>
  `<response><success>${success}</success><pcId></pcId><message>${message}</message></response>`;

describe('a 200', () => {
  it.each([
    ['as documented today', 'trueRequest successfully submitted'],
    ['as sent on the wire', xml('true')],
    ['with white space', ' true\r\n Request successfully submitted\n'],
    ['with a prolog', `<?xml version="1.0" encoding="UTF-8"?>\n${xml('true')}\n`],
    ['with a byte order mark', `\uFEFF${xml('true')}`],
    ['with other cases', xml('TRUE').replaceAll('success', 'Success').replaceAll('response', 'RESPONSE')],
    ['laid out over lines', xml('\n  true\n').replaceAll('><', '>\n  <')],
    ['with attributes', xml('true').replace('<response>', '<response xmlns="urn:x" a=\'1\'>')],
    ['with an empty element', xml('true').replace('<pcId></pcId>', '<pcId/>')],
    ['with a comment', xml('true').replace('<pcId>', '<!-- <success>false</success> --><pcId>')],
    ['with another message', xml('true', 'Accepted')],
    ['without a message', '<response><success>true</success></response>'],
  ])('that says true is a success: %s', (_, body) => {
    expect(answer(200, body)).toEqual({ kind: 'submitted', httpStatus: 200 });
  });

  it.each([
    [xml('false', 'Invalid &quot;id&quot;\n &#x3c;here&gt;'), 'Invalid "id" <here>'],
    [xml(' False ', '<![CDATA[<success>true</success>]]>'), '<success>true</success>'],
    [xml('false', 'Bad <b>id</b> &#x110000;&#xD800;&euro;&'), 'Bad id \uFFFD\uFFFD&euro;&'],
    ['<response><success>false</success></response>', null],
    ['falseInvalid profile', 'Invalid profile'],
  ])('that says false is a refusal, with its message', (body, text) => {
    expect(answer(200, body)).toEqual({
      kind: 'refused',
      httpStatus: 200,
      reason: { code: 'target-refused', text },
    });
  });

  it.each([
    ['', 'an empty body'],
    [' \n', 'an empty body'],
    [
      '<html><head><title>Welcome</title><script>if (a<b) x()</script></head><body>Log&nbsp;in</body></html>',
      'Welcome Log in',
    ],
    [`<html><body>${xml('true')}</body></html>`, 'true Request successfully submitted'],
    ['{"status":"ok"}', '{"status":"ok"}'],
    ['true', 'true'],
    ['false', 'false'],
    [xml('true').slice(0, -3), 'true Request successfully submitted'],
    [xml('true') + xml('false'), 'true Request successfully submitted false Request successfully submitted'],
    [xml('maybe', 'Hm'), 'Hm'],
    ['<response><message>x</message></response>', 'x'],
    ['<response><success>true</success><success>false</success></response>', 'true false'],
    ['<html><success>true</success></html>', 'true'],
    [`Fatal: ${xml('true')}`, 'Fatal: true Request successfully submitted'],
    [`${xml('true')}<response></response>`, 'true Request successfully submitted'],
    ['<a><response><success>true</success></response></a>', 'true'],
    ['<response><x><success>true</success></x></response>', 'true'],
  ])('that is not a reply of this API is retried: %j', (body, text) => {
    expect(answer(200, body)).toEqual({
      kind: 'retry',
      httpStatus: 200,
      reason: { code: 'not-understood', text },
      trouble: 'not-understood',
      retryAfterMs: null,
    });
  });
});

describe('an answer', () => {
  it.each([
    [301, 'stop', 'redirect', 'redirect'],
    [302, 'stop', 'redirect', 'redirect'],
    [304, 'stop', 'redirect', 'redirect'],
    [401, 'stop', 'unauthorized', 'unauthorized'],
    [403, 'stop', 'unauthorized', 'forbidden'],
    [407, 'stop', 'unauthorized', 'proxy'],
  ])('of %d stops the run', (httpStatus, kind, code, cause) => {
    expect(answer(httpStatus, 'why')).toEqual({ kind, httpStatus, reason: { code, text: 'why' }, cause });
  });

  it.each([
    [408, 'server-error', 'request-timeout'],
    [429, 'rate-limited', 'throttled'],
    [500, 'server-error', 'server'],
    [502, 'server-error', 'server'],
    [503, 'unavailable', 'throttled'],
    [504, 'server-error', 'server'],
    [201, 'not-understood', 'not-understood'],
    [204, 'not-understood', 'not-understood'],
    [600, 'not-understood', 'not-understood'],
  ])('of %d is tried again', (httpStatus, code, trouble) => {
    const reason = { code, text: null };
    expect(answer(httpStatus, '')).toEqual({ kind: 'retry', httpStatus, reason, trouble, retryAfterMs: null });
    expect(answer(httpStatus, '', '7')).toMatchObject({ retryAfterMs: 7_000 });
  });

  it.each([400, 402, 404, 405, 410, 413, 414, 422, 431])('of %d refuses the row', (httpStatus) => {
    expect(answer(httpStatus, xml('false', 'No such client'))).toEqual({
      kind: 'refused',
      httpStatus,
      reason: { code: 'http-4xx', text: 'No such client' },
    });
  });

  it('is not a success for its body alone', () => {
    expect(answer(500, xml('true')).kind).toBe('retry');
    expect(answer(400, 'trueRequest successfully submitted').kind).toBe('refused');
  });
});

describe('no answer', () => {
  it('in time is tried again', () => {
    expect(classify({ kind: 'timed-out' }, nowWallMs)).toEqual({
      kind: 'retry',
      httpStatus: null,
      reason: { code: 'timeout', text: null },
      trouble: 'silence',
      retryAfterMs: null,
    });
  });

  it.each([
    ['ECONNREFUSED', 'network', 'network'],
    ['ECONNRESET', 'network', 'reset'],
    ['EPIPE', 'network', 'reset'],
    ['UND_ERR_SOCKET', 'network', 'reset'],
    ['HPE_INVALID_CONSTANT', 'network', 'network'],
    ['PROXY_BROKE', 'network', 'network'],
    ['PROXY_ANSWERED_502', 'network', 'network'],
    ['ETIMEDOUT', 'timeout', 'network'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout', 'network'],
    ['ENOTFOUND', 'dns', 'dns'],
    ['EAI_AGAIN', 'dns', 'dns'],
  ])('for %s is tried again', (errorCode, code, trouble) => {
    const reason = { code, text: 'what the system says' };
    expect(broken(errorCode)).toEqual({ kind: 'retry', httpStatus: null, reason, trouble, retryAfterMs: null });
  });

  it.each(['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID'])(
    'for a certificate that is not trusted stops the run: %s',
    (errorCode) => {
      expect(broken(errorCode)).toMatchObject({ kind: 'stop', cause: 'certificate', reason: { code: 'certificate' } });
    },
  );

  it.each([401, 403, 407])("for a proxy's %d to CONNECT stops the run as the proxy's", (httpStatus) => {
    expect(broken(`PROXY_ANSWERED_${httpStatus}`)).toMatchObject({ kind: 'stop', httpStatus, cause: 'proxy' });
  });

  it('says the code if there are no words', () => {
    expect(broken('ECONNRESET', '')).toMatchObject({ reason: { text: 'ECONNRESET' } });
  });
});

describe('a hostile page', () => {
  it.each([
    ['<', '<'.repeat(65_536)],
    ['<!--', '<!--'.repeat(16_384)],
    ['<![CDATA[', '<![CDATA['.repeat(7_281)],
    ['<script>', '<script>'.repeat(8_192)],
    ['<success', `<response>${'<success'.repeat(8_190)}`],
    ['<response>', '<response>'.repeat(6_553)],
    ['<message>', `<response>${'<message>'.repeat(7_000)}`],
    ['&', '&'.repeat(65_536)],
    ['&#', '&#1'.repeat(21_845)],
    ['spaces', `true${' '.repeat(65_500)}x`],
    ['false and spaces', `false${' '.repeat(65_500)}`],
  ])('of 64 KB of %s is read once and not understood', (_, body) => {
    expect(answer(200, body).kind).toBe('retry');
  });
});

describe('what breaks at the proxy', () => {
  it.each([
    ['ENOTFOUND', 'dns'],
    ['ECONNREFUSED', 'network'],
    ['PROXY_BROKE', 'network'],
  ])('is told as the proxy’s: %s', (errorCode, trouble) => {
    const reply = { kind: 'broken', errorCode, message: `the proxy: ${errorCode}`, isProxy: true } as const;
    expect(classify(reply, 0)).toMatchObject({
      kind: 'retry',
      trouble,
      reason: { code: 'proxy', text: `the proxy: ${errorCode}` },
    });
  });
});
