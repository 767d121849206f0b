/**
 * `npm run manual`: writes what of the manual and the README is made: the pages of options and errors, and what the
 * program prints. Every ```console block holds commands (`$ …`), which are run here, and their real output.
 * With `--check` nothing is written: says what is stale, and ends with 1. The suite runs that.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorsPage } from '../../dist/commands/line/errors-page.js';
import { optionsPage } from '../../dist/commands/line/options-page.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const manual = join(root, 'src', 'manual');
const generated = { 'errors.md': errorsPage, 'options.md': optionsPage };

/** Runs the commands of one page after each other, as a reader would in a clone. */
function withOutputs(markdown) {
  const folder = mkdtempSync(join(tmpdir(), 'profile-drip-manual-'));
  try {
    cpSync(join(root, 'fixtures'), join(folder, 'fixtures'), { recursive: true });
    return markdown.replace(/^```console\n([\s\S]*?)^```$/gm, (_, block) => {
      const commands = block.split('\n').filter((line) => line.startsWith('$ '));
      return `\`\`\`console\n${commands.map((command) => `${command}\n${outputOf(command.slice(2), folder)}`).join('')}\`\`\``;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Both outputs, as a terminal shows them; a line that has not ended gets its end. */
function outputOf(command, folder) {
  const program = `"${process.execPath}" "${join(root, 'dist', 'cli.js')}"`;
  const script = command.replaceAll(/\b(npx )?profile-drip /g, `${program} `);
  const environment = { PATH: process.env.PATH, XDG_STATE_HOME: join(folder, 'state'), PROFILE_DRIP_PROGRESS: 'none' };
  const { stdout } = spawnSync('sh', ['-c', `{ ${script}; } 2>&1`], {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
  });
  return stdout === '' || stdout.endsWith('\n') ? stdout : `${stdout}\n`;
}

/** Times and speeds differ from run to run, and with their widths the blanks beside them. */
function masked(text) {
  return text
    .replace(/\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?)?/g, 'TIME')
    .replace(/\b\d\d:\d\d\b/g, 'TIME')
    .replace(/(submitted,200,1),\d+/g, '$1,MS')
    .replace(/(under )?[\d,.]+ (ms|s|min|h|rows\/s)\b/g, 'SPAN');
}

const pages = [
  ['README.md', withOutputs],
  ...readdirSync(manual).map((name) => [join('src', 'manual', name), generated[name] ?? withOutputs]),
];

for (const [path, make] of pages) {
  const file = join(root, path);
  const found = readFileSync(file, 'utf8');
  const made = make(found);
  if (masked(found) === masked(made)) continue;
  if (process.argv.includes('--check')) {
    const [was, is] = [found, made].map((text) => masked(text).split('\n'));
    const at = is.findIndex((line, index) => line !== was[index]);
    process.stdout.write(`${path} is stale: npm run manual writes it. First at: ${is[at]}\n`);
    process.exitCode = 1;
  } else writeFileSync(file, made);
}
