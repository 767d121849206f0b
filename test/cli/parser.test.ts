import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/commands/line/parser.js';
import { verbNames, verbs } from '../../src/commands/line/verbs.js';
import { UsageError } from '../../src/terms/errors.js';

function parsed(...args: string[]) {
  const found = parseCommandLine(args, 80);
  return found.kind === 'run' ? { ...found, options: Object.fromEntries(found.options) } : found;
}

function shown(...args: string[]): string {
  const found = parseCommandLine(args, 80);
  if (found.kind !== 'shown') throw new Error('expected something to show');
  return found.text;
}

function problem(...args: string[]): { code: string; message: string } {
  try {
    parseCommandLine(args, 80);
  } catch (error) {
    if (error instanceof UsageError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('expected a UsageError');
}

describe('the command line', () => {
  it.each([
    [['send', 'a.csv', 'b.csv'], ['a.csv', 'b.csv'], {}],
    [['send', '-', '--name', 'x'], ['-'], { name: 'x' }],
    [['send', '2026', '0x10'], ['2026', '0x10'], {}],
    [['send', '-c', 'acme', 'a.csv'], ['a.csv'], { 'client-code': 'acme' }],
    [['send', '--rate', '-5'], [], { rate: '-5' }],
    [['send', '--delimiter', '-', '--name', ''], [], { delimiter: '-', name: '' }],
    [['send', '--name=true', '--out', '007'], [], { name: 'true', out: '007' }],
    [['send', '--json', 'a.csv', '--no-changed-only'], ['a.csv'], { json: 'true', 'changed-only': 'false' }],
    [['send', '--json=false', 'a.csv'], ['a.csv'], { json: 'false' }],
    [['send', 'a.csv', '--', '-odd.csv', '--rate'], ['a.csv', '-odd.csv', '--rate'], {}],
    [['send', '--', '--json=banana'], ['--json=banana'], {}],
    [['send', '--out', 'a.b.c', '--max-failures', '5%'], [], { out: 'a.b.c', 'max-failures': '5%' }],
  ])('%j', (args, files, options) => {
    expect(parsed(...args)).toEqual({ kind: 'run', verb: 'send', files, options });
  });

  it.each([
    [[], 'verb-missing', /expected a verb: send, /],
    [['sned', 'a.csv'], 'verb-unknown', /"sned"; did you mean send\?$/],
    [['send', '--concurency', '5'], 'option-unknown', /"--concurency"; did you mean --concurrency\?$/],
    [['send', '--clientCode', 'x'], 'option-unknown', /did you mean --client-code\?$/],
    [['send', '--client_code=x'], 'option-unknown', /did you mean --client-code\?$/],
    [['send', '-x'], 'option-unknown', /"-x"$/],
    [['send', '--no-rate'], 'option-unknown', /"--no-rate"$/],
    [['send', '--port', '1'], 'option-unknown', /serve has it$/],
    [['send', '--a.b', '1'], 'option-unknown', /"--a\.b"/],
    [['send', '--rate=5', 'a.csv', '--rate', '6'], 'option-twice', /^--rate: expected once, found 2 times/],
    [['send', '--json', 'a.csv', '--no-json'], 'option-twice', /^--json: expected once, found 2 times/],
    [['send', '--rate'], 'command-line', /expected a value after --rate/],
    [['send', '--name', '--json'], 'command-line', /expected a value after --name/],
    [['send', '--method', 'put'], 'option-value', /^--method: expected post or get or post-query; found "put"$/],
    [['send', '--json=banana'], 'option-value', /^--json: .*found "banana"$/],
    [['send', '--json='], 'option-value', /^--json/],
  ])('%j is refused', (args, code, message) => {
    const found = problem(...args);
    expect(found.code).toBe(code);
    expect(found.message).toMatch(message);
  });

  it('never repeats a token that was given as an option', () => {
    const found = problem('send', '--token', 'sesame', 'a.csv');
    expect(found.message).toMatch(/--token-file/);
    expect(found.message).not.toContain('sesame');
  });

  it('takes a mistake for less than a wish for help', () => {
    expect(shown('send', '--method', 'put', '--help')).toMatch(/^profile-drip send FILE/);
  });
});

describe('help', () => {
  it('lists the verbs, with two examples', () => {
    const help = shown('--help');
    for (const verb of verbNames) expect(help).toMatch(new RegExp(`^ {2}profile-drip ${verb} `, 'm'));
    expect(help).toContain('Examples:');
  });

  it.each(verbNames.filter((name) => name !== 'help'))(
    'of %s has its options in groups and examples, and fits into 80 columns',
    (verb) => {
      const help = shown(verb, '--help');
      expect(shown(verb, '-h')).toBe(help);
      expect(help).toContain(`profile-drip ${verbs[verb].usage}`);
      expect(verbs[verb].examples.length).toBeGreaterThanOrEqual(2);
      for (const setting of Object.values(verbs[verb].table)) {
        if (setting.verbs.includes(verb)) expect(help).toContain(`--${setting.name} `);
      }
      for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    },
  );

  it('of the sandbox says what is assumed', () => {
    expect(shown('sandbox', '--help')).toContain('Where nothing is documented, this is assumed:');
  });
});

describe('shell completion', () => {
  const complete = (...words: string[]) =>
    shown('--get-yargs-completions', 'profile-drip', ...words)
      .trim()
      .split('\n');

  it('knows verbs, options and values', () => {
    expect(complete('')).toEqual(expect.arrayContaining([...verbNames]));
    expect(complete('send', '--max')).toEqual(expect.arrayContaining(['--max-failures', '--max-duration']));
    expect(complete('send', '--method', '')).toEqual(['post', 'get', 'post-query']);
  });

  it('comes with a script', () => {
    expect(shown('completion')).toContain(
      'complete -o bashdefault -o default -F _profile-drip_yargs_completions profile-drip',
    );
  });
});
