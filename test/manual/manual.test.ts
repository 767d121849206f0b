import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { topicNames } from '../../src/commands/line/manual.js';
import type { AnySetting } from '../../src/settings/kinds/setting.js';
import { sandboxTable } from '../../src/settings/sandbox.js';
import { allSettings } from '../../src/settings/sources.js';
import { errorCodes, noticeCodes } from '../../src/terms/codes.js';
import { runProgram } from '../cli/support/run-program.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const manual = `${root}src/manual/`;
const page = (name: string) => readFileSync(`${manual}${name}.md`, 'utf8');

describe('the manual', () => {
  it('has a page for each topic, and no other', () => {
    expect(readdirSync(manual).sort()).toEqual(topicNames.map((name) => `${name}.md`).sort());
  });

  it.each(topicNames)('prints the page of %s as it stands', async (name) => {
    expect(await runProgram(['help', name])).toEqual({ status: 0, stdout: page(name), stderr: '' });
  });

  it('lists its topics', async () => {
    const { status, stdout } = await runProgram(['help']);
    expect(status).toBe(0);
    for (const name of topicNames) expect(stdout).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
  });

  it('says of a topic that it does not have which are near', async () => {
    const { status, stderr } = await runProgram(['help', 'changd-only']);
    expect(status).toBe(2);
    expect(stderr).toContain('did you mean changed-only?');
  });

  it('has the options, the codes and the outputs of the program as it is (npm run manual writes them)', async () => {
    const writer = fileURLToPath(new URL('write-manual.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [writer, '--check']).catch((error) => error);
    expect(stdout).toBe('');
  });

  it('lists every option with its mark', () => {
    for (const { name, isCommandLineOnly } of allSettings) {
      expect(page('options')).toMatch(
        new RegExp(`^\\| \`--${name}\`[^|]*${isCommandLineOnly === true ? '†' : ''} \\|`, 'm'),
      );
    }
  });

  it('speaks of no option that there is not', () => {
    const names = new Set([...allSettings.map(({ name }) => name), ...otherOptions]);
    const spoken = [...topicNames.filter((name) => name !== 'nightly').map(page), readme()].flatMap((text) =>
      [...text.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, name = '']) => name),
    );
    expect([...new Set(spoken)].filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('the codes', () => {
  const source = sourceFiles(`${root}src`)
    .filter((path) => !path.endsWith('/codes.ts'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');

  it.each([...Object.keys(errorCodes), ...Object.keys(noticeCodes)])('%s is said somewhere', (code) => {
    expect(source).toContain(`'${code}'`);
  });
});

describe('the README', () => {
  it('is a first page', () => {
    expect(readme().split('\n').length).toBeLessThanOrEqual(141); // 140 lines and the end of the last
  });

  it('names files that are there', () => {
    const paths = [...readme().matchAll(/\]\(((?!https?:)[^)]+)\)|(?<= )(fixtures\/[\w-]+\.csv)(?![\w.])/g)];
    expect(paths.length).toBeGreaterThan(5);
    for (const [, link, fixture] of paths) readdirSyncOrFile(`${root}${link ?? fixture}`);
  });
});

/** Options of the sandbox, of npm, curl and systemd's programs. */
const otherOptions = [
  ...['help', 'token', 'version', 'no-json', 'data-binary', 'batch', 'execute'],
  ...Object.values<AnySetting>(sandboxTable).map(({ name }) => name),
];

function readme(): string {
  return readFileSync(`${root}README.md`, 'utf8');
}

function readdirSyncOrFile(path: string): void {
  try {
    readFileSync(path);
  } catch {
    readdirSync(path);
  }
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}
