import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { annotationLine, ciSystem, groupEnd, groupStart, markdownTable } from '../../src/terminal/ci.js';
import { hourPicture } from '../../src/terminal/hour-picture.js';
import { shellCommand, shellWord } from '../../src/terminal/shell.js';
import { columnLines } from '../../src/text/columns.js';
import { harmless, quoted } from '../../src/text/harmless.js';

describe('text from outside', () => {
  it('comes out as one line without anything that a terminal would act on', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const shown = harmless(text);
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
        expect(shown.length).toBeLessThanOrEqual(200);
      }),
    );
  });

  it('stays as it is where it is harmless', () => {
    expect(harmless('Zürich – 東京 😀')).toBe('Zürich – 東京 😀');
    expect(quoted('a\tb')).toBe('"a\\u0009b"');
    expect(harmless('\ud800x')).toBe('\\ud800x');
    expect(harmless('x'.repeat(300))).toBe(`${'x'.repeat(199)}…`);
  });
});

describe('a command for a shell', () => {
  it('has quotes where they are needed and nowhere else', () => {
    expect(shellCommand(['profile-drip', 'send', '--rate', '5', 'my file.csv', "it's", '$HOME', ''])).toBe(
      `profile-drip send --rate 5 'my file.csv' 'it'\\''s' '$HOME' ''`,
    );
    expect(shellWord('a\u001b[2J')).toBe("$'a\\033[2J'");
  });

  it('is read by a shell as just these words', () => {
    const hard = ['', 'a b', "it's", '"', '$x `y` \\', '*', '~', '-n', 'ü', 'a\nb', "\u001b'\\", '\u202e', '\u00857'];
    const read = execFileSync('bash', ['-c', `printf '%s\\0' ${shellCommand(hard)}`], { encoding: 'utf8' });
    expect(read.split('\0').slice(0, -1)).toEqual(hard);
  });
});

describe('CI systems', () => {
  it.each([
    [{ GITHUB_ACTIONS: 'true' }, 'github'],
    [{ GITLAB_CI: 'true' }, 'gitlab'],
    [{ GITHUB_ACTIONS: 'false' }, null],
    [{}, null],
  ])('%j is %j', (environment, expected) => {
    expect(ciSystem(environment)).toBe(expected);
  });

  it('are given groups in their own form', () => {
    expect(groupStart('github', 'a,b', 'sending 100% a\nb', 5000)).toBe('::group::sending 100%25 a\\u000ab\n');
    expect(groupEnd('github', 'a,b', 5000)).toBe('::endgroup::\n');
    expect(groupStart('gitlab', 'a/b.csv', 'sending', 5900)).toBe(
      '\u001b[0Ksection_start:5:a_b.csv[collapsed=true]\r\u001b[0Ksending\n',
    );
    expect(groupEnd('gitlab', 'a/b.csv', 5900)).toBe('\u001b[0Ksection_end:5:a_b.csv\r\u001b[0K\n');
  });

  it('cannot get another command from a file name or a message', () => {
    const place = { file: 'a,line=9::b%\n::error::x.csv', lineNumber: 3 };
    const line = annotationLine('github', { level: 'error', title: 't:1', message: '1 %\n::warning::x', place });
    expect(line).toBe(
      '::error file=a%2Cline=9%3A%3Ab%25\\u000a%3A%3Aerror%3A%3Ax.csv,line=3,title=t%3A1::1 %25\\u000a::warning::x\n',
    );
    expect(annotationLine('gitlab', { level: 'error', title: 't', message: 'm', place: null })).toBeNull();
  });

  it('are given tables that no cell can break', () => {
    const table = markdownTable([
      ['File', 'Rows'],
      ['a|b\n<img src=x> [l](http://x) `c` @someone', '5'],
    ]);
    const lines = table.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toBe('| --- | --- |');
    expect(lines[2]?.match(/\|/g)).toHaveLength(3);
    expect(lines[2]).not.toMatch(/<|\[|`/);
  });
});

describe('columns', () => {
  it('are as wide as their widest cell', () => {
    const rows = [
      ['1', 'ab', 'x'],
      ['1,000', 'a', ''],
    ];
    expect(columnLines(rows, ['right', 'left', 'left'])).toEqual(['    1  ab  x', '1,000  a']);
    expect(columnLines([], ['left'])).toEqual([]);
  });

  it('fold the last between words, under its beginning', () => {
    const rows = [
      ['1', 'a few words that are too many for it'],
      ['2', 'few'],
    ];
    expect(columnLines(rows, ['right', 'left'], 29)).toEqual([
      '1  a few words that are too',
      '   many for it',
      '2  few',
    ]);
    expect(columnLines([['1', 'x'.repeat(30)]], ['right', 'left'], 29)).toEqual([`1  ${'x'.repeat(30)}`]);
  });

  it('put the last below the others where there is too little room beside them', () => {
    const rows = [['12', 'middling text', 'a few words that are too many for it']];
    expect(columnLines(rows, ['right', 'left', 'left'], 30)).toEqual([
      '12  middling text',
      '    a few words that are too',
      '    many for it',
    ]);
  });
});

describe('the picture of the hours', () => {
  it('is the higher the more was used, and shows an hour with one update', () => {
    expect(hourPicture([0, 1, 50, 100, 800], true)).toBe('·▁▁▁█');
    expect(hourPicture([0, 1, 400, 800], false)).toBe(' _-#');
    expect(hourPicture([0, 0], true)).toBe('··');
    expect(hourPicture([], true)).toBe('');
  });
});
