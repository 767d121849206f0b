import { describe, expect, it } from 'vitest';
import { chooseProxy } from '../../../src/target-api/network/choose-proxy.js';

const proxy = 'http://proxy.example:3128';

describe('the proxy of the environment', () => {
  it('is the one for the scheme, and HTTP_PROXY serves https: where there is no other', () => {
    const other = 'http://other.example:1';
    expect(chooseProxy('https://a.example', { HTTPS_PROXY: proxy })).toBe(proxy);
    expect(chooseProxy('http://a.example', { HTTPS_PROXY: proxy })).toBeNull();
    expect(chooseProxy('https://a.example', { HTTP_PROXY: proxy })).toBe(proxy);
    expect(chooseProxy('https://a.example', { https_proxy: other, HTTPS_PROXY: proxy })).toBe(other);
    expect(chooseProxy('https://a.example', { HTTPS_PROXY: '' })).toBeNull();
    expect(chooseProxy('https://a.example', {})).toBeNull();
  });

  it.each([
    ['*', 'https://a.example'],
    ['b.example, a.example', 'https://a.example'],
    ['A.EXAMPLE', 'https://a.example'],
    ['example', 'https://a.example'],
    ['.example', 'https://a.example'],
    ['*.example', 'https://a.b.example'],
    ['a.example:443', 'https://a.example'],
    ['a.example:8443', 'https://a.example:8443'],
    ['10.1.2.3', 'https://10.1.2.3'],
    ['10.0.0.0/8', 'https://10.1.2.3'],
    ['127.0.0.0/8', 'http://127.0.0.2:8099'],
    ['10.1.2.3/32', 'https://10.1.2.3'],
    ['10.1.2.3:443', 'https://10.1.2.3'],
    ['2001:db8::/32', 'https://[2001:db8::7]'],
    ['2001:db8:0::7', 'https://[2001:db8::7]'],
    ['[2001:db8::7]:443', 'https://[2001:db8::7]'],
  ])('is passed by: NO_PROXY=%s, %s', (exceptions, origin) => {
    expect(chooseProxy(origin, { HTTP_PROXY: proxy, NO_PROXY: exceptions })).toBeNull();
  });

  it.each([
    ['ample', 'https://a.example'],
    ['a.example:80', 'https://a.example'],
    ['b.example', 'https://a.example'],
    ['10.0.0.0/16', 'https://10.1.2.3'],
    ['10.0.0.0/99', 'https://10.1.2.3'],
    ['10.0.0.0/8', 'https://a.example'],
    ['10.1.2', 'https://10.1.2.3'],
    ['2.3', 'https://10.1.2.3'],
    ['2001:db8::/32', 'https://[2001:db9::7]'],
    ['0.0.0.0/0', 'https://[2001:db8::7]'],
  ])('is gone through: NO_PROXY=%s, %s', (exceptions, origin) => {
    expect(chooseProxy(origin, { HTTP_PROXY: proxy, NO_PROXY: exceptions })).toBe(proxy);
  });
});
