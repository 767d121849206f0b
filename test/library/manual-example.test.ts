import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startSandbox } from '../../src/index.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

/** A project beside the built package, with the examples of the manual's page in it. */
async function exampleProject(endpoint: string): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'node_modules', '@types'), { recursive: true });
  await symlink(root, join(folder, 'node_modules', 'profile-drip'));
  await symlink(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  await cp(join(root, 'test/library/example/tsconfig.json'), join(folder, 'tsconfig.json'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'loyalty.csv'), 'batch=thirdPartyId,tier\na,gold\nb,silver\n');
  const page = await readFile(join(root, 'src/manual/library.md'), 'utf8');
  const examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  expect(examples).toHaveLength(3);
  for (const [at, text] of examples.entries()) {
    await writeFile(join(folder, `example-${at}.ts`), text.replaceAll('http://127.0.0.1:8099', endpoint));
  }
  return folder;
}

it("the examples of the manual's page compile and run", async () => {
  const sandbox = await startSandbox();
  atEndOfFile(() => sandbox.close());
  const folder = await exampleProject(sandbox.url);
  const cwd = { cwd: folder, env: { ...process.env, XDG_STATE_HOME: join(folder, 'state') } };
  const { stdout: errors } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], cwd).catch((error) => error);
  expect(errors).toBe('');
  const { stdout: first } = await run(process.execPath, ['out/example-0.js'], cwd);
  expect(first).toMatch(/^0 2$/m);
  const { stdout: second } = await run(process.execPath, ['out/example-1.js'], cwd);
  expect(second).toMatch(/^2 \{ tier: 'gold', points: '120' \}$/m);
  const { stdout: third } = await run(process.execPath, ['out/example-2.js'], cwd);
  expect(third.split('\n').slice(0, 2).sort()).toEqual(['1 applied', '2 pending']);
  expect(third).toMatch(/^1 null$/m);
});
