// npm run simulate -- [--seeds N] [--seed S]: seeds 1 to N (default 1,000), or the one seed S that a failure named.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, seed: { type: 'string' }, from: { type: 'string' } },
});
const first = Number(values.seed ?? values.from ?? 1);
const count = values.seed === undefined ? Number(values.seeds ?? 1000) : 1;
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
  process.stderr.write('simulate: expected whole numbers: --seeds N, --from S or --seed S\n');
  process.exit(2);
}
const vitest = [
  'vitest',
  'run',
  '--config',
  'test/vitest.config.ts',
  '--disable-console-intercept=true',
  'test/simulation/run.test.ts',
];
const { status } = spawnSync('npx', vitest, {
  stdio: 'inherit',
  env: { ...process.env, SIMULATE_FIRST_SEED: `${first}`, SIMULATE_SEED_COUNT: `${count}` },
});
process.exit(status ?? 1);
