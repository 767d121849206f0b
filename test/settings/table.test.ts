import { describe, expect, it } from 'vitest';
import { commandLineOptions, shownDefault } from '../../src/settings/command-line.js';
import { environmentName } from '../../src/settings/kinds/setting.js';
import { completeSettings } from '../../src/settings/library.js';
import { sandboxTable } from '../../src/settings/sandbox.js';
import { allSettings } from '../../src/settings/sources.js';
import { settingsTable } from '../../src/settings/table.js';

const surroundings = { environment: {}, homeDir: '/home/me' };

describe('the table of settings', () => {
  it('gives each setting of a verb a name, a variable and a letter of its own', () => {
    const verbs = [...new Set(allSettings.flatMap((setting) => setting.verbs))];
    expect(verbs).toContain('serve');
    const ofVerbs = verbs.map((verb) => allSettings.filter((setting) => setting.verbs.includes(verb)));
    for (const rows of [...ofVerbs, Object.values(sandboxTable)]) {
      for (const list of [
        rows.map(({ name }) => name),
        rows.map(({ name }) => environmentName(name)),
        rows.flatMap(({ alias }) => alias ?? []),
      ]) {
        expect(new Set(list).size).toBe(list.length);
      }
    }
  });

  it('has no setting whose variable is the token’s or one that Kubernetes sets', () => {
    for (const { name } of allSettings) {
      expect(environmentName(name)).not.toMatch(/^PROFILE_DRIP_(TOKEN$|PORT_|SERVICE_)/);
    }
  });

  it.each(allSettings.map((setting) => [setting.name, setting] as const))(
    'has a default of --%s that its kind takes',
    (_name, row) => {
      const value = row.default instanceof Function ? row.default(surroundings) : row.default;
      if (value === null) return;
      expect(row.kind.read(row.kind.show(value))).toEqual({ kind: 'value', value });
    },
  );

  it('tells the command line of no default, so that what is not given is known as such', () => {
    for (const option of commandLineOptions(settingsTable, 'send').values()) {
      expect(option).not.toHaveProperty('default');
      expect(option.describe).not.toBe('');
    }
  });

  it('shows durations in seconds and no default if there is none', () => {
    expect(shownDefault(settingsTable.timeoutMs)).toBe('30');
    expect(shownDefault(settingsTable.tolerate)).toBe('0');
    expect(shownDefault(settingsTable.restart)).toBeNull();
    expect(shownDefault(settingsTable.maxDurationMs)).toBeNull();
  });
});

describe('settings as a program gives them', () => {
  it('are filled up with the defaults', () => {
    const settings = completeSettings({ clientCode: 'acme', timeoutMs: 2500, plus: undefined }, null, surroundings);
    expect(settings).toMatchObject({
      clientCode: 'acme',
      timeoutMs: 2500,
      plus: null,
      concurrency: 32,
      ratePerSecond: 100,
      dailyCap: 1_000_000,
      tolerate: { kind: 'rows', rows: 0 },
      stateDir: '/home/me/.local/state/profile-drip',
    });
  });

  it('may be lists of words that hold anything', () => {
    const given = { nullWords: ['a|b', '='], only: ['City Name'], rename: ['a=b', 'c|d=e'], trim: true } as const;
    expect(completeSettings(given, null, surroundings)).toMatchObject(given);
  });

  it('may be a third, and an endpoint with a slash behind it', () => {
    const third = { kind: 'share', share: 1 / 3 } as const;
    const given = { tolerate: third, endpoint: 'https://proxy.example/' };
    expect(completeSettings(given, null, surroundings)).toMatchObject({
      tolerate: third,
      endpoint: 'https://proxy.example',
    });
  });

  const wrong: readonly (readonly [string, object, RegExp])[] = [
    ['a number out of range', { concurrency: 0 }, /^concurrency: expected requests at once, 1 to 1,024/],
    ['no whole number', { retries: 1.5 }, /^retries: expected/],
    ['milliseconds out of range', { timeoutMs: 1 }, /^timeoutMs: expected milliseconds, 100 to 600,000$/],
    ['a text for a number', { dailyCap: '5' }, /^dailyCap: expected/],
    ['a number for a text', { clientCode: 5 }, /^clientCode: expected/],
    ['a limit of another form', { tolerate: 0.5 }, /^tolerate: expected/],
    ['an endpoint with a path', { endpoint: 'https://x.example/m2' }, /^endpoint: expected/],
    ['a list of nothing', { only: [] }, /^only: expected a list: the name of a column each$/],
    ['an empty word', { skip: ['a', ' '] }, /^skip: expected a list/],
    ['a text for a list', { nullWords: 'NULL' }, /^nullWords: expected a list/],
    ['half a pair', { rename: ['=b'] }, /^rename: expected a list: OLD=NEW/],
    ['null where there is a default', { retries: null }, /^retries: expected/],
    ['an unknown name', { rate: 5 }, /^"rate" is not an option; did you mean ratePerSecond\?$/],
    ['what contradicts itself', { dailyCap: 5, reserve: 5 }, /leaves nothing/],
  ];
  it.each(wrong)('are refused for %s', (_what, given, message) => {
    expect(() => completeSettings(given, null, surroundings)).toThrow(message);
  });
});
