import { run } from '../parts/child.mjs';
import { figure, ratios, spread } from '../parts/figures.mjs';
import { cli } from '../parts/program.mjs';

const calls = { '--version': [cli, '--version'], '--help': [cli, '--help'], 'send --help': [cli, 'send', '--help'] };

/** How long the program takes to say its version, beside a Node.js that does nothing. */
export async function start(bench) {
  const bare = [];
  const own = Object.fromEntries(Object.keys(calls).map((call) => [call, []]));
  for (let pair = 0; pair < bench.pairs * 2; pair += 1) {
    bare.push((await run(process.execPath, ['-e', '0'])).wallSeconds * 1000);
    for (const [call, args] of Object.entries(calls)) {
      own[call].push((await run(process.execPath, args)).wallSeconds * 1000);
    }
  }
  return [
    figure('start', 'node -e 0', 'ms', spread(bare)),
    ...Object.entries(own).flatMap(([call, found]) => [
      figure('start', `profile-drip ${call}`, 'ms', spread(found)),
      figure('start', `${call} / node -e 0`, 'ratio', ratios(found, bare), { atMost: 2 }),
    ]),
  ];
}
