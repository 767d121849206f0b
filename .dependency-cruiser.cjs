/**
 * Who may import whom: the rooms of src/ from the bottom up, each with the rooms below it that it may import.
 * A file outside these rooms fails, and so does an import that is not listed. A room's own files are its own affair.
 */
const rooms = {
  // What everybody speaks, and the machine.
  terms: [],
  text: [],
  platform: ['terms'],
  // Mechanisms that several rooms share.
  endpoint: ['terms', 'platform'],
  storage: ['terms', 'platform'],
  lmdb: ['terms', 'platform'],
  hash: ['platform'],
  // The file as rows, and a row as a request.
  batch: ['terms', 'text', 'platform'],
  thread: ['terms', 'batch'],
  'target-api': ['terms', 'text', 'platform', 'endpoint'],
  // What in a file is probably a mistake.
  hints: ['terms', 'text', 'batch', 'target-api'],
  // When an attempt may leave, and what was submitted before.
  ledger: ['terms', 'platform', 'lmdb'],
  'ledger/postgres': ['terms', 'text', 'platform', 'ledger'],
  // Where the state lies: opened, copied, moved.
  state: ['terms', 'text', 'platform', 'ledger', 'ledger/postgres', 'memory', 'memory/postgres'],
  pacing: ['terms', 'platform', 'ledger'],
  memory: ['terms', 'platform', 'lmdb', 'hash'],
  'memory/postgres': ['terms', 'platform', 'ledger', 'ledger/postgres', 'memory'],
  // The story of a run.
  'job/results': ['terms', 'text', 'platform', 'storage', 'batch', 'hash'],
  'job/rows': ['batch', 'thread', 'target-api', 'hints'],
  'job/terms': ['terms', 'platform', 'batch', 'memory', 'job/results', 'job/rows', 'endpoint', 'hints', 'ledger'],
  'job/files': ['terms', 'platform', 'storage', 'batch', 'job/results', 'job/terms', 'hints'],
  'job/health': ['terms', 'platform', 'job/terms'],
  'job/lock': ['terms', 'text', 'platform', 'storage'],
  'job/loop': [
    'terms',
    'platform',
    'batch',
    'target-api',
    'memory',
    'pacing',
    'job/results',
    'job/rows',
    'job/terms',
    'job/files',
    'job/lock',
    'job/health',
  ],
  job: [
    'terms',
    'platform',
    'storage',
    'batch',
    'target-api',
    'pacing',
    'job/results',
    'job/rows',
    'job/terms',
    'job/files',
    'job/lock',
    'job/loop',
    'endpoint',
    'job/health',
    'hints',
    'ledger',
  ],
  // What else is done with a file and with what a job left.
  check: [
    'terms',
    'platform',
    'batch',
    'thread',
    'hash',
    'target-api',
    'ledger',
    'memory',
    'job/terms',
    'job/files',
    'endpoint',
    'hints',
    'state',
  ],
  verify: [
    'batch',
    'endpoint',
    'hash',
    'job',
    'job/files',
    'job/health',
    'job/lock',
    'job/loop',
    'job/results',
    'job/terms',
    'memory',
    'pacing',
    'platform',
    'storage',
    'target-api',
    'terms',
  ],
  'report/figures': [
    'terms',
    'platform',
    'storage',
    'job/results',
    'job/files',
    'endpoint',
    'job/lock',
    'terminal',
    'verify',
  ],
  'report/page': ['terms', 'text', 'platform', 'job/results', 'report/figures', 'verify'],
  report: ['terms', 'platform', 'storage', 'job/results', 'job/files', 'report/figures', 'report/page', 'job/lock'],
  drop: ['terms', 'text', 'platform', 'storage', 'job', 'job/terms', 'job/files', 'job/lock', 'ledger'],
  serve: ['batch', 'drop', 'job/files', 'job/lock', 'job/terms', 'platform', 'storage', 'target-api', 'terms'],
  // It shares no code with the client's side, or it would prove nothing.
  sandbox: ['terms', 'platform'],
  // The real machine put together.
  wiring: [
    'terms',
    'platform',
    'thread',
    'target-api',
    'ledger',
    'memory',
    'job',
    'job/terms',
    'job/rows',
    'drop',
    'sandbox',
    'endpoint',
    'state',
    'serve',
    'verify',
  ],
  status: ['drop', 'job/files', 'job/lock', 'platform', 'storage', 'terms'],
  nights: ['drop', 'job/files', 'job/terms', 'platform', 'storage', 'terms'],
  // The program.
  settings: ['terms', 'text', 'endpoint'],
  // What a program hands in.
  library: ['terms', 'job/terms', 'job/results'],
  terminal: ['text', 'platform'],
  'terminal/progress': ['terms', 'text', 'platform', 'terminal'],
  'commands/line': ['terms', 'text', 'platform', 'sandbox', 'settings', 'terminal', 'nights', 'terminal/progress'],
  'commands/words': [
    'terms',
    'text',
    'ledger',
    'job/terms',
    'job/files',
    'check',
    'terminal',
    'terminal/progress',
    'hints',
    'verify',
    'report/figures',
    'status',
  ],
  commands: [
    'terms',
    'text',
    'platform',
    'ledger',
    'job/terms',
    'job/files',
    'check',
    'report',
    'drop',
    'sandbox',
    'wiring',
    'settings',
    'terminal',
    'terminal/progress',
    'commands/line',
    'commands/words',
    'endpoint',
    'ledger/postgres',
    'state',
    'serve',
    'verify',
    'job/lock',
    'nights',
    'status',
  ],
};

/** Files that lie in the room itself, not in a room within it. */
const filesOf = (room) => `^src/${room}/[^/]+$`;

const roomRule = ([room, allowed]) => ({
  name: `${room}-imports`,
  severity: 'error',
  from: { path: filesOf(room) },
  to: { path: '^src/', pathNot: [room, ...allowed].map(filesOf) },
});

const doors = '^src/(cli|index)\\.ts$';
const inRooms = [doors, ...Object.keys(rooms).map(filesOf)];
/** Files that are started, and those that `npm run manual` uses. */
const started = [
  doors,
  '^src/job/rows/row-thread',
  '^src/thread/raw-row-thread',
  '^src/commands/line/write-help-pages',
  '^src/commands/line/(errors|options)-page',
];

module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(rooms).map(roomRule),
    {
      name: 'every-file-in-a-room',
      comment: 'beside the two doors nothing lies loose in src/, and a new room gets its line above',
      severity: 'error',
      from: { path: '^src/', pathNot: inRooms },
      to: {},
    },
    {
      name: 'no-file-on-its-own',
      comment: 'the same for a file that imports nothing; and what nobody imports is dead',
      severity: 'error',
      from: {},
      module: { path: '^src/', pathNot: started, numberOfDependentsLessThan: 1 },
    },
    {
      name: 'native-things-behind-ports',
      comment: 'the simulator replaces disk, network, ledger store and time: nothing else may reach for them',
      severity: 'error',
      from: {
        path: '^src/(job|batch|thread|target-api|pacing|ledger|memory|storage|hash)/',
        pathNot:
          '^src/(target-api/client|target-api/connections|target-api/lookup-guard|ledger/ledger-guard|ledger/postgres/connect|ledger/postgres/open-postgres|lmdb/[a-z-]+|ledger/lmdb-store|memory/lmdb-store|batch/gzip)\\.ts$',
      },
      to: { path: '^(node:)?(fs|fs/promises|timers|timers/promises|http|https|net|tls)$|^(undici|lmdb|pg)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc', // TypeScript 7 has no compiler API for it to use
  },
};
