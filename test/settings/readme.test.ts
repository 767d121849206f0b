import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { shownDefault } from '../../src/settings/command-line.js';
import { allSettings } from '../../src/settings/sources.js';

const path = fileURLToPath(new URL('../../README.md', import.meta.url));

interface OptionRow {
  /** The options of the row, and whether a † says that they are taken from the command line alone. */
  readonly options: readonly { readonly name: string; readonly isMarked: boolean }[];
  readonly defaultCell: string;
}

/** The rows under the first heading that speaks of options: | `--rate N` | 100 | … | */
function optionRows(markdown: string): OptionRow[] {
  const [, section = ''] = markdown.split(/^#+ .*\boptions\b.*$/im);
  const [table = ''] = section.split(/^#+ /m);
  return table.split('\n').flatMap((line) => {
    const [, first, defaultCell] = /^\| (`--.*?) \| (.*?) \|/.exec(line.replaceAll('\\|', '/')) ?? [];
    if (first === undefined || defaultCell === undefined) return [];
    const options = [...first.matchAll(/`--([a-z-]+)[^`]*`(†?)/g)].map(([, name = '', mark]) => ({
      name,
      isMarked: mark === '†',
    }));
    return [{ options, defaultCell }];
  });
}

// The table of options comes with the README.
describe.skipIf(!existsSync(path))('the README', () => {
  const rows = existsSync(path) ? optionRows(readFileSync(path, 'utf8')) : [];
  const listed = rows.flatMap(({ options }) => options);

  it.each(allSettings.map((setting) => [setting.name, setting] as const))(
    'lists --%s as the table of settings has it',
    (name, setting) => {
      const found = listed.filter((option) => option.name === name);
      expect(found).toEqual([{ name, isMarked: setting.isCommandLineOnly === true }]);
      const row = rows.find(({ options }) => options.some((option) => option.name === name));
      const value = setting.defaultText === undefined ? shownDefault(setting) : null;
      if (value !== null && row?.options.length === 1)
        expect(row.defaultCell.replaceAll(/[`,]/g, '')).toContain(value === ',' ? '' : value);
    },
  );

  it('lists no option of send that there is not', () => {
    const names = allSettings.map(({ name }) => name);
    expect(listed.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([]);
  });
});
