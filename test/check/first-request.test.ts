import { describe, expect, it } from 'vitest';
import { shownRequest } from '../../src/check/first-request.js';

const request = { file: 'a.csv', rowNumber: 1, lineNumber: 2, form: 'mbox3rdPartyId=anna&profile.tier=gold' };
const options = { clientCode: 'acme', endpoint: null, method: 'post', hasToken: true, showValues: false } as const;

describe('a request that is shown', () => {
  it.each(['post', 'get'] as const)('by %s hides id, values and token', (method) => {
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
