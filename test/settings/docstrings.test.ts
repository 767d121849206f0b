import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settingsTable } from '../../src/settings/table.js';

/** The docstring of each option that the library takes, as an editor shows it. */
const source = readFileSync(new URL('../../src/job/terms/options.ts', import.meta.url), 'utf8');
const sendOptions = source.slice(source.indexOf('interface SendOptions'), source.indexOf('interface SendHooks'));
const docstrings = new Map(
  [...sendOptions.matchAll(/\/\*\* ([^\n]*) \*\/\n {2}readonly (\w+):/g)].map(([, text = '', key = '']) => [key, text]),
);
/** Their defaults are shown in another form: no default, a folder of the user, a number of rows, a long text. */
const ofOtherForm = new Map([
  ['stateDir', 'Default: `$XDG_STATE_HOME/profile-drip`'],
  ['tolerate', 'Default: `0`'],
  ['clientCode', 'Needed'],
  ['deliveryUserAgent', "Default: a common browser's"],
]);
const taken = Object.entries(settingsTable).filter(([key]) => sendOptions.includes(`  readonly ${key}:`));

describe('the docstrings of the library', () => {
  it('are there for each option', () => {
    expect(taken.length).toBeGreaterThan(35);
    expect(taken.filter(([key]) => !docstrings.has(key))).toEqual([]);
  });

  it.each(taken)('%s: has the default and the range of the table', (key, setting) => {
    const text = docstrings.get(key) ?? '';
    const value = JSON.stringify(setting.default)?.replaceAll('"', "'");
    expect(text).toContain(ofOtherForm.get(key) ?? `Default: \`${value}\``);
    const { kind } = setting;
    const expected = 'expectedValue' in kind && kind.expectedValue !== undefined ? kind.expectedValue : kind.expected;
    const range = /[\d,.]+ to [\d,]*\d/.exec(expected)?.[0];
    if (range !== undefined && key !== 'tolerate' && key !== 'maxFailures') expect(text).toContain(range.trim());
  });
});
