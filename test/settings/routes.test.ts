import { describe, expect, it } from 'vitest';
import { completeSettings } from '../../src/settings/library.js';

const surroundings = { environment: {}, homeDir: '/home/anna' };

function complete(given: Parameters<typeof completeSettings>[0]) {
  return completeSettings({ clientCode: 'acme', ...given }, null, surroundings);
}

describe('the Delivery API', () => {
  it.each([{ route: 'delivery' }, { onCap: 'delivery' }] as const)(
    'needs its own cap, which has no default: %j',
    (given) => {
      expect(() => complete(given)).toThrow(expect.objectContaining({ code: 'delivery-cap-missing' }));
      expect(complete({ ...given, deliveryCap: 5 })).toMatchObject({
        ...given,
        deliveryCap: 5,
        deliveryMbox: 'profile-drip',
      });
    },
  );

  it.each([
    { route: 'delivery', onCap: 'delivery' },
    { onCap: 'delivery', pace: 'spread' },
    { route: 'delivery', method: 'get' },
    { route: 'delivery', method: 'post-query' },
  ] as const)('contradicts: %j', (given) => {
    expect(() => complete({ ...given, deliveryCap: 5 })).toThrow(
      expect.objectContaining({ code: 'option-contradiction' }),
    );
  });

  it.each(['https://www.example.com', 'www.example.com/', 'a b', '-a.com', 'a..b'])(
    'has a host name alone: %s',
    (host) => {
      expect(() => complete({ deliveryHost: host })).toThrow(expect.objectContaining({ code: 'option-value' }));
    },
  );

  it('is not used where nothing says so, and its user agent is a browser', () => {
    expect(complete({})).toMatchObject({ route: 'update', onCap: 'wait', deliveryCap: null, deliveryHost: null });
    expect(complete({}).deliveryUserAgent).toMatch(/^Mozilla\/5\.0 .*Chrome/);
  });
});
