import { describe, expect, it } from 'vitest';
import { loadBar } from '../../../src/terminal/progress/bar.js';
import { fakeScreen, terminalLines } from '../support/fake-screen.js';

const startBar = await loadBar();

describe('the bar', () => {
  it('stands on the last line, below what is said while it is there', () => {
    const screen = fakeScreen({ isTerminal: true });
    const bar = startBar(screen, () => '43 % done');
    expect(terminalLines(screen.written())).toEqual(['43 % done']);
    bar.say('first');
    bar.say('second');
    expect(terminalLines(screen.written())).toEqual(['first', 'second', '43 % done']);
    bar.stop();
  });

  it('leaves nothing behind but what was said', () => {
    const screen = fakeScreen({ isTerminal: true });
    const bar = startBar(screen, () => '43 % done');
    bar.say('first');
    bar.stop();
    screen.write('after\n');
    expect(terminalLines(screen.written())).toEqual(['first', 'after', '']);
  });

  it('leaves every setting of the terminal as it was after each write, so that a killed process leaves none behind', () => {
    const written: string[] = [];
    const screen = { ...fakeScreen({ isTerminal: true }), write: (text: string) => void written.push(text) };
    startBar(screen, () => 'x').stop();
    for (const text of written) {
      expect(text.replace('\u001b[?7lx\u001b[?7h', '')).not.toMatch(/\u001b\[\?|\u001b[78]/);
    }
  });

  it('clears all the lines into which a narrower window has broken it', () => {
    const screen = fakeScreen({ isTerminal: true, columns: 100 });
    const bar = startBar(screen, () => 'x'.repeat(screen.columns));
    const before = screen.written().length;
    screen.resize(40); // 100 characters now stand on three lines
    expect(screen.written().slice(before)).toBe('\u001b[2A\r\u001b[J');
    bar.stop();
  });
});
