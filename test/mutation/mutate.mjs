/**
 * npm run mutate [-- --only WORD | --tenth N | --tenth today] [--at-once N]
 *
 * Breaks the program on purpose, one promise at a time (mutants.mjs), in copies of the tree in a temporary folder, and
 * shows that a test finds out each. First the tests must pass in an unbroken copy. The exit status is 1 where a mutant
 * lives, where its text is not found exactly once, or where its tests cannot run.
 */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { applied, chosenMutants, dayOfYear } from './choose.mjs';
import { mutants } from './mutants.mjs';
import { run } from './run.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const copied = ['src', 'test', 'fixtures', 'package.json', 'tsconfig.json', 'README.md', 'CHANGELOG.md'];
/** Without the build before each run: only a copy that is started as a program is built. */
const config = `import { defineConfig } from 'vitest/config';
export default defineConfig({
  test: { root: import.meta.dirname, include: ['test/**/*.test.ts'], setupFiles: ['test/support/end-of-file.ts'], isolate: false, maxWorkers: 1, testTimeout: 30_000, hookTimeout: 30_000 },
});
`;
/** A mutant that hangs is found out by the time-out of its test; this is for one that blocks the process. */
const hangMs = 300_000;

const say = (line) => process.stdout.write(`${line}\n`);

/** A copy of the tree, in which one mutant after the other lives. */
async function copyTree(parent, number) {
  const folder = join(parent, `copy-${number}`);
  await mkdir(folder);
  await mkdir(join(folder, 'tmp')); // what tests leave behind goes with it
  for (const name of copied) await cp(join(root, name), join(folder, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'vitest.config.mjs'), config);
  return folder;
}

const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'];

/** What the tests say: names of those that failed, or why they could not run. */
async function tested(folder, { tests, builds = false }) {
  if (builds) {
    const built = await run(process.execPath, tsc, { cwd: folder }, hangMs);
    if (built.status !== 0) return { kind: 'broken', why: `it does not build: ${built.output}` };
  }
  const report = join(folder, 'report.json');
  await rm(report, { force: true });
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.config.mjs', '--bail', '1'];
  const ended = await run(
    process.execPath,
    [...vitest, '--reporter=json', `--outputFile=${report}`, ...tests],
    { cwd: folder, environment: { TMPDIR: join(folder, 'tmp') } },
    hangMs,
  );
  if (ended.status === null) return { kind: 'broken', why: `its tests did not end within ${hangMs / 1000} s` };
  const { testResults } = JSON.parse(await readFile(report, 'utf8').catch(() => '{"testResults":[]}'));
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = all.find(({ status }) => status === 'failed');
  if (failed !== undefined) return { kind: 'failed', test: failed.fullName };
  const hasPassed = ended.status === 0 && all.some(({ status }) => status === 'passed');
  return hasPassed ? { kind: 'passed' } : { kind: 'broken', why: ended.output };
}

/** One line for each mutant; `false`: it is not found out. */
async function isKilled(folder, mutant) {
  const path = join(folder, mutant.file);
  const source = await readFile(path, 'utf8');
  const startMs = performance.now();
  try {
    await writeFile(path, applied(mutant, source));
    const end = await tested(folder, mutant);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
    if (end.kind === 'failed') say(`killed   ${mutant.name} (${seconds} s): ${end.test}`);
    else if (end.kind === 'passed') say(`LIVES    ${mutant.name} (${seconds} s): ${mutant.breaks}`);
    else say(`ERROR    ${mutant.name}: ${end.why}`);
    return end.kind === 'failed';
  } catch (error) {
    say(`ERROR    ${mutant.name}: ${error.message}`);
    return false;
  } finally {
    await writeFile(path, source);
  }
}

async function allPass(folder, chosen) {
  const tests = [...new Set(chosen.flatMap((mutant) => mutant.tests))];
  const end = await tested(folder, { tests, builds: chosen.some(({ builds = false }) => builds) });
  if (end.kind !== 'passed') say(`ERROR    nothing is broken, and the tests fail: ${end.test ?? end.why}`);
  return end.kind === 'passed';
}

async function main({ only, tenth, 'at-once': atOnce }) {
  // Of all of them, also where few are run: a text that the source has no more is seen at once.
  for (const mutant of mutants) applied(mutant, await readFile(join(root, mutant.file), 'utf8'));
  const number = tenth === 'today' ? dayOfYear(new Date()) % 10 : tenth === undefined ? null : Number(tenth);
  const chosen = chosenMutants(mutants, { only: only ?? null, tenth: number });
  if (chosen.length === 0)
    throw new Error('expected --only with a part of a mutant\u2019s name, or --tenth with 0 to 9');
  const parent = await mkdtemp(join(tmpdir(), 'profile-drip-mutation-'));
  await chmod(parent, 0o755); // PostgreSQL runs as another user where this one is root
  try {
    const first = await copyTree(parent, 0);
    if (!(await allPass(first, chosen))) return 1;
    const folders = [first];
    while (folders.length < Math.min(Number(atOnce), chosen.length))
      folders.push(await copyTree(parent, folders.length));
    const left = [...chosen];
    let livingCount = 0;
    const workOff = async (folder) => {
      for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
        if (!(await isKilled(folder, mutant))) livingCount += 1;
      }
    };
    await Promise.all(folders.map(workOff));
    say(`${chosen.length - livingCount} of ${chosen.length} mutants are killed (there are ${mutants.length})`);
    return livingCount === 0 ? 0 : 1;
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    tenth: { type: 'string' },
    'at-once': { type: 'string', default: String(availableParallelism()) },
  },
});
process.exitCode = await main(values);
