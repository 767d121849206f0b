import { describe, expect, it } from 'vitest';
import { isUtf8Locale, streamScreen, styled, wantsColor } from '../../src/terminal/screen.js';

describe('colour', () => {
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ TERM: 'dumb' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: 'true', NO_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ FORCE_COLOR: '' }, false, false],
  ])('with %j on a terminal: %j is %j', (environment, isTerminal, expected) => {
    expect(wantsColor(environment, isTerminal)).toBe(expected);
  });

  it('is left out where it is not wanted', () => {
    expect(styled({ hasColor: false }, 'red', 'x')).toBe('x');
    expect(styled({ hasColor: true }, 'red', 'x')).toBe('\u001b[31mx\u001b[39m');
  });
});

describe('the locale', () => {
  it.each([
    [{ LANG: 'de_DE.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'en_US.UTF-8', LC_ALL: '' }, true],
    [{}, false],
  ])('%j is UTF-8: %j', (environment, expected) => {
    expect(isUtf8Locale(environment)).toBe(expected);
  });
});

describe('a stream without a width', () => {
  it('is 80 columns wide', () => {
    const stream = { write: () => true, on: () => {}, off: () => {} };
    expect(streamScreen(stream, {}).columns).toBe(80);
    expect(streamScreen({ ...stream, columns: 0, isTTY: true }, {}).columns).toBe(80);
    expect(streamScreen({ ...stream, columns: 60 }, {}).columns).toBe(60);
  });
});
