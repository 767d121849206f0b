import { describe, expect, it } from 'vitest';
import { Rests } from '../../src/serve/rests.js';
import { clientCodeOf, makeBatchId, nextTimeMs, readBatchId } from '../../src/serve/wire/batch-id.js';
import { accepted, refused, statusAddressMax } from '../../src/serve/wire/replies.js';
import { routeOf } from '../../src/serve/wire/route.js';
import { isAuthorized, isFromBrowser, isOwnHost } from '../../src/serve/wire/who-may-send.js';
import { exitStatus } from '../../src/terms/exit-status.js';
import { seededRandom } from '../support/index.js';

describe('the name of a batch', () => {
  const random = seededRandom(1);

  it('has the client code, 13 digits of time and 20 random ones, and is read back', () => {
    const id = makeBatchId('acme-2', 1_795_605_251_135, () => random.next());
    expect(id).toMatch(/^acme-2-1795605251135-\d{20}$/);
    expect(readBatchId(id)).toEqual({ clientCode: 'acme-2', timeMs: 1_795_605_251_135 });
  });

  it.each([
    '',
    '../x',
    'acme-1-2',
    `../acme-${'1'.repeat(13)}-${'2'.repeat(20)}`,
    `a/b-${'1'.repeat(13)}-${'2'.repeat(20)}`,
  ])('%j is not one', (text) => expect(readBatchId(text)).toBeNull());

  it('is never behind the last one, whatever the clock says', () => {
    expect(nextTimeMs(1000, 0)).toBe(1000);
    expect(nextTimeMs(1000, 1000)).toBe(1001);
    expect(nextTimeMs(500.7, 2000)).toBe(2001);
  });

  it('is of a client code in lower case, which is never a path', () => {
    expect(clientCodeOf('ACME_1')).toBe('acme_1');
    for (const wrong of ['', '.', '..', '.batches', 'a/b', 'a%2f', 'a'.repeat(64), '-a', 'ä']) {
      expect(clientCodeOf(wrong), wrong).toBeNull();
    }
  });
});

describe('a reply', () => {
  it('survives being cut by tags: no white space around what they hold, no & and under 255 characters', () => {
    const address = 'http://127.0.0.1:1/m2/acme/profile/batchStatus?batchId=x';
    const { body } = accepted(address);
    expect(body).toContain('<success>true</success>');
    expect(body).toContain(`<batchStatus>${address}</batchStatus>`);
    expect(body).not.toMatch(/[&\n]|>\s|\s</);
    expect(statusAddressMax).toBeLessThan(255);
    expect(refused(400, 'a < b & c').body).toBe(
      '<response><success>false</success><batchStatus></batchStatus><message>a   b   c</message></response>',
    );
  });
});

describe('an address', () => {
  it.each([
    ['POST', '/m2/acme/profile/batchUpdate', 'batch-update'],
    ['POST', '/m2/ACME/v2/profile/batchUpdate?x=1', 'batch-update'],
    ['GET', '/m2/acme/v2/profile/batchUpdate', 'method'],
    ['GET', '/m2/acme/profile/batchStatus?batchId=a&m2Node=00', 'batch-status'],
    ['HEAD', '/m2/acme/v2/profile/batchStatus?batchId=a', 'batch-status'],
    ['DELETE', '/m2/acme/profile/batchStatus', 'method'],
    ['GET', '/healthz', 'health'],
    ['POST', '/metrics', 'method'],
    ['POST', '/m2/../etc/profile/batchUpdate', 'nothing'],
    ['POST', '/m2/%2e%2e/v2/profile/batchUpdate', 'nothing'],
    ['POST', '/m2/a/b/profile/batchUpdate', 'nothing'],
    ['GET', '/', 'nothing'],
    ['GET', '//', 'nothing'],
  ])('%s %s is %s', (method, url, kind) => {
    expect(routeOf(method, url).kind).toBe(kind);
  });

  it('takes a client code in lower case, and asks for details by their exact name', () => {
    expect(routeOf('GET', '/m2/Acme/profile/batchStatus?batchId=Acme-1&showDetails=true')).toEqual({
      kind: 'batch-status',
      clientCode: 'acme',
      batchId: 'acme-1',
      showDetails: true,
    });
  });
});

describe('who may send', () => {
  it('is not a browser', () => {
    expect(isFromBrowser({ origin: 'null' })).toBe(true);
    expect(isFromBrowser({ 'sec-fetch-site': 'none' })).toBe(true);
    expect(isFromBrowser({ host: 'x' })).toBe(false);
  });

  it.each([
    ['127.0.0.1:8098', true],
    ['localhost', true],
    ['[::1]:1', true],
    ['gw.example.com', true],
    ['GW.example.com', true],
    [undefined, true],
    ['gw.example.com:81', false],
    ['127.0.0.1.evil.example', false],
    ['x.localhost', false],
    ['10.0.0.1', false],
  ])('calls the gateway %s: %s', (host, isOwn) => {
    expect(isOwnHost(host, 'gw.example.com')).toBe(isOwn);
  });

  it('has a token of the client code, or of all', () => {
    const credentials = [
      { clientCode: 'acme', token: 'a'.repeat(20) },
      { clientCode: null, token: 'b'.repeat(20) },
    ];
    const may = (authorization: string | undefined, code: string) => isAuthorized(authorization, credentials, code);
    expect(may(`Bearer ${'a'.repeat(20)}`, 'acme')).toBe(true);
    expect(may(`bearer ${'b'.repeat(20)}`, 'other')).toBe(true);
    for (const wrong of [undefined, '', 'Bearer', 'Bearer ', `Bearer ${'a'.repeat(19)}`, `Basic ${'a'.repeat(20)}`]) {
      expect(may(wrong, 'acme')).toBe(false);
    }
    expect(may(`Bearer ${'a'.repeat(20)}`, 'other')).toBe(false);
  });
});

describe('after a stop', () => {
  it('3 and 6 rest with growing pauses to 5 minutes, from the first again after progress', () => {
    const rests = new Rests();
    const pauses = Array.from({ length: 9 }, () => rests.after(exitStatus.endpoint, null, false));
    expect(pauses.map((rest) => (rest.kind === 'pause' ? rest.pauseMs / 1000 : null))).toEqual([
      5, 10, 20, 40, 80, 160, 300, 300, 300,
    ]);
    expect(rests.after(exitStatus.machine, null, true)).toMatchObject({ pauseMs: 5000 });
  });

  it('4 rests until a unit comes free, and asks again after 5 minutes at the latest', () => {
    const rests = new Rests();
    expect(rests.after(exitStatus.cap, 90_000, false)).toMatchObject({ pauseMs: 90_000 });
    expect(rests.after(exitStatus.cap, -5, false)).toMatchObject({ pauseMs: 1000 });
    expect(rests.after(exitStatus.cap, 9e9, false)).toMatchObject({ pauseMs: 300_000 });
  });

  it('5 and 70 wait for a person, because trying again would undo them', () => {
    for (const status of [exitStatus.maxFailures, exitStatus.internal]) {
      expect(new Rests().after(status, null, true).kind).toBe('until-moved');
    }
  });
});
