// Who may import whom (the README's "How it is built"): a row flows batch → target → job → pacing → target/client, and only outcomes flow back.
const room = (name) => `^src/${name}/`;
const only = (name, allowed) => ({
  name: `${name}-imports`,
  severity: 'error',
  from: { path: room(name) },
  to: { path: '^src/[^/]+/', pathNot: [room(name), ...allowed.map(room)] },
});

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    only('batch', []),
    only('target', []),
    only('pacing', []),
    only('memory', []),
    only('sandbox', []),
    only('settings', []),
    only('terminal', []),
    only('job', ['pacing', 'batch', 'target', 'memory']),
    only('check', ['batch', 'target', 'memory', 'pacing', 'job']),
    only('report', ['job', 'pacing']),
    only('drop', ['job']),
    only('commands', ['job', 'check', 'report', 'drop', 'sandbox', 'settings', 'terminal', 'pacing']),
    {
      name: 'not-from-below',
      severity: 'error',
      from: { path: '^src/.+/' },
      to: { path: '^src/(cli|index)\\.ts$' },
    },
    {
      name: 'native-things-behind-ports',
      comment: 'the simulator replaces disk, network, ledger store and time: nothing else may reach for them',
      severity: 'error',
      from: {
        path: '^src/(job|batch|target|pacing|memory)/',
        pathNot:
          '^src/(target/client|target/connections|pacing/lmdb-store|memory/lmdb-store|batch/gzip|job/real-machine)\\.ts$',
      },
      to: { path: '^(node:)?(fs|fs/promises|timers|timers/promises|http|https|net)$|^(undici|lmdb)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc', // TypeScript 7 has no compiler API for it to use
  },
};
