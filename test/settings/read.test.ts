import { describe, expect, it } from 'vitest';
import type { Verb } from '../../src/settings/kinds/setting.js';
import { printedLines, printedSettings } from '../../src/settings/print.js';
import { readSettings, type SettingsFound } from '../../src/settings/read.js';
import { UsageError } from '../../src/terms/errors.js';

interface Given {
  readonly verb?: Verb;
  readonly options?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, { text: string; mode?: number; isRegularFile?: boolean }>>;
  readonly homeDir?: string | null;
}

function read({ verb = 'send', options = {}, environment = {}, files = {}, homeDir = '/home/me' }: Given) {
  const fileAt = (path: string) => {
    const file = files[path];
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return { mode: 0o600, isRegularFile: true, mayOthersWrite: false, ...file };
  };
  return readSettings({
    verb,
    commandLine: new Map(Object.entries(options)),
    surroundings: { environment, homeDir },
    files: { readText: async (path) => fileAt(path).text, stat: async (path) => fileAt(path) },
  });
}

/** What a user is told, and under which code. */
async function problem(given: Given): Promise<{ code: string; message: string }> {
  const error = await read(given).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UsageError)) throw new Error(`expected a UsageError, found ${error}`);
  return { code: error.code, message: error.message };
}

const config = (content: object | string) => ({
  'drip.json': { text: typeof content === 'string' ? content : JSON.stringify(content) },
});

describe('where settings come from', () => {
  it('takes the command line before the environment, the environment before the config file, that before the default', async () => {
    const files = config({ rate: 10, retries: 10, concurrency: 10, timeout: '10' });
    const environment = { PROFILE_DRIP_CONFIG: 'drip.json', PROFILE_DRIP_RATE: '20', PROFILE_DRIP_RETRIES: '20' };
    const { settings } = await read({ files, environment, options: { rate: '30' } });
    expect(settings).toMatchObject({
      ratePerSecond: 30,
      retries: 20,
      concurrency: 10,
      timeoutMs: 10_000,
      graceMs: 5000,
    });
  });

  it('lets a flag be taken back on the command line', async () => {
    const environment = { PROFILE_DRIP_CHANGED_ONLY: 'yes' };
    expect((await read({ environment })).settings.changedOnly).toBe(true);
    expect((await read({ environment, options: { 'changed-only': 'false' } })).settings.changedOnly).toBe(false);
  });

  it('names the place of each in --print-config, and never shows the token', async () => {
    const files = config({ rate: 10 });
    const environment = { PROFILE_DRIP_TOKEN: 'sesame', PROFILE_DRIP_RETRIES: '2' };
    const found = await read({ files, environment, options: { config: 'drip.json', delimiter: '\\t' } });
    const printed = printedSettings(found, 'send');
    const byName = Object.fromEntries(printed.map(({ name, ...rest }) => [name, rest]));
    expect(byName.rate).toEqual({ value: '10', source: 'config file', where: '"rate" in "drip.json"' });
    expect(byName.retries).toEqual({ value: '2', source: 'environment', where: 'PROFILE_DRIP_RETRIES' });
    expect(byName.delimiter).toEqual({ value: '\\t', source: 'command line', where: '--delimiter' });
    expect(byName.timeout).toEqual({ value: '30', source: 'default', where: null });
    expect(byName.token).toEqual({ value: 'set', source: 'environment', where: 'PROFILE_DRIP_TOKEN' });
    expect(byName['state-dir']?.value).toBe('/home/me/.local/state/profile-drip');
    const lines = printedLines(printed).join('\n');
    expect(lines).toMatch(/^client-code +not set +default$/m);
    expect(lines).not.toContain('sesame');
  });

  it('reads of a shared config file what a verb knows, and passes over what is another verb’s', async () => {
    const environment = { PROFILE_DRIP_CONFIG: 'drip.json' };
    const { settings } = await read({ verb: 'status', files: config({ retries: 9, out: 'jobs' }), environment });
    expect(settings).toMatchObject({ out: 'jobs', retries: 5 });
  });
});

describe('the state directory', () => {
  it.each([
    [{ XDG_STATE_HOME: '/var/state' }, '/home/me', '/var/state/profile-drip'],
    [{ XDG_STATE_HOME: 'relative' }, '/home/me', '/home/me/.local/state/profile-drip'],
    [{}, '/root', '/root/.local/state/profile-drip'],
  ])('with %j and home %j is %j', async (environment, homeDir, expected) => {
    expect((await read({ environment, homeDir })).settings.stateDir).toBe(expected);
  });

  it('has to be named if there is no home folder', async () => {
    expect((await problem({ homeDir: null })).code).toBe('state-dir-missing');
    expect((await read({ homeDir: null, options: { 'state-dir': '/state' } })).settings.stateDir).toBe('/state');
  });
});

describe('what is refused, and how', () => {
  const cases: readonly (readonly [string, Given, string, RegExp])[] = [
    [
      'a wrong option',
      { options: { rate: 'fast' } },
      'option-value',
      /^--rate: expected attempts a second, 0 to 100,000 .*; found "fast"$/,
    ],
    [
      'a wrong variable',
      { environment: { PROFILE_DRIP_TIMEOUT: '30s' } },
      'option-value',
      /^PROFILE_DRIP_TIMEOUT: .*found "30s"; write it without a unit$/,
    ],
    [
      'a wrong variable that is overridden',
      { environment: { PROFILE_DRIP_RATE: 'x' }, options: { rate: '5' } },
      'option-value',
      /^PROFILE_DRIP_RATE/,
    ],
    [
      'a wrong key',
      { files: config({ method: 'put' }), options: { config: 'drip.json' } },
      'option-value',
      /^"method" in "drip.json": expected post or get or post-query; found "put"$/,
    ],
    ['an empty option', { options: { name: '' } }, 'option-empty', /^--name: .*found nothing$/],
    ['an empty variable', { environment: { PROFILE_DRIP_RATE: '' } }, 'option-empty', /^PROFILE_DRIP_RATE/],
    ['an empty key', { files: config({ out: '' }), options: { config: 'drip.json' } }, 'option-empty', /^"out"/],
    [
      'a key of another type',
      { files: config({ rate: [5] }), options: { config: 'drip.json' } },
      'config-value',
      /found a list$/,
    ],
    ['a null', { files: config({ rate: null }), options: { config: 'drip.json' } }, 'config-value', /found null$/],
    [
      'an unknown key',
      { files: config({ clientCode: 'x' }), options: { config: 'drip.json' } },
      'config-key-unknown',
      /did you mean "client-code"\?$/,
    ],
    [
      'a token in the config file',
      { files: config({ token: 'sesame' }), options: { config: 'drip.json' } },
      'config-token',
      /^"token" in "drip.json": a token has no place/,
    ],
    [
      'a config file that names another',
      { files: config({ config: 'x' }), options: { config: 'drip.json' } },
      'config-in-config',
      /^"config"/,
    ],
    [
      'a config file that is not there',
      { options: { config: 'gone.json' } },
      'config-unreadable',
      /"gone.json" cannot be read \(ENOENT\)$/,
    ],
    [
      'a config file that is a list',
      { files: config('[]'), options: { config: 'drip.json' } },
      'config-not-json',
      /one JSON object/,
    ],
    [
      'restart in the environment',
      { environment: { PROFILE_DRIP_RESTART: '0' } },
      'option-command-line-only',
      /^PROFILE_DRIP_RESTART: --restart is accepted only on the command line/,
    ],
    [
      'sandbox in the config file',
      { files: config({ sandbox: false }), options: { config: 'drip.json' } },
      'option-command-line-only',
      /^"sandbox"/,
    ],
    [
      'sandbox and endpoint',
      { options: { endpoint: 'https://proxy.example', sandbox: 'true' } },
      'option-contradiction',
      /contradict/,
    ],
    [
      'a reserve of the whole cap',
      { options: { 'daily-cap': '10', reserve: '10' } },
      'option-contradiction',
      /--reserve 10/,
    ],
    ['show-values alone', { options: { 'show-values': 'true' } }, 'option-contradiction', /--dry-run/],
  ];
  it.each(cases)('%s', async (_what, given, code, message) => {
    const found = await problem(given);
    expect(found.code).toBe(code);
    expect(found.message).toMatch(message);
  });

  it('says in which line a config file is broken, and repeats nothing of it', async () => {
    const content = '{\n  "rate": 5,\n  "token": sesame\n}';
    const { code, message } = await problem({ files: config(content), options: { config: 'drip.json' } });
    expect(code).toBe('config-not-json');
    expect(message).not.toContain('sesame');
    const { message: missing } = await problem({
      files: config('{\n"a": 1\n"b": 2}'),
      options: { config: 'drip.json' },
    });
    expect(missing).toContain('line 3');
  });

  it('shows nothing of an endpoint that may hold a password', async () => {
    const { message } = await problem({ options: { endpoint: 'https://me:secret@proxy.example' } });
    expect(message).not.toContain('secret');
  });

  it('shows what was found without what a terminal would act on', async () => {
    const { message } = await problem({ options: { rate: '\u001b[2J' } });
    expect(message).toContain('found "\\u001b[2J"');
  });
});

describe('the token', () => {
  it('comes from the environment, or from a file', async () => {
    const environment = { PROFILE_DRIP_TOKEN: 'sesame' };
    expect(await read({ environment })).toMatchObject({ token: 'sesame', secrets: ['sesame'], notices: [] });
    const files = { secret: { text: 'sesame\n' } };
    const fromFile = await read({ files, options: { 'token-file': 'secret' } });
    expect(fromFile).toMatchObject({
      token: null,
      secrets: ['sesame'],
      settings: { tokenFile: 'secret' },
      notices: [],
    });
  });

  it('is read at once from a pipe, which cannot be read again', async () => {
    const files = { '/dev/fd/63': { text: 'sesame\n', isRegularFile: false, mayOthersWrite: false, mode: 0o666 } };
    const found = await read({ files, options: { 'token-file': '/dev/fd/63' } });
    expect(found).toMatchObject({ token: 'sesame', settings: { tokenFile: null }, notices: [] });
    expect(printedSettings(found, 'send').find(({ name }) => name === 'token')?.where).toBe('--token-file');
  });

  it('gets a warning where others can read the file', async () => {
    const files = { secret: { text: 'sesame', mode: 0o640 } };
    const { notices } = await read({ files, options: { 'token-file': 'secret' } });
    expect(notices).toEqual([
      { level: 'warning', code: 'token-file-mode', message: expect.stringMatching(/mode is 640.*chmod 600/) },
    ]);
  });

  const secret = 'sesame-open';
  const cases: readonly (readonly [string, Given, string])[] = [
    [
      'twice',
      {
        environment: { PROFILE_DRIP_TOKEN: secret, PROFILE_DRIP_TOKEN_FILE: 'secret' },
        files: { secret: { text: secret } },
      },
      'token-twice',
    ],
    ['empty in the environment', { environment: { PROFILE_DRIP_TOKEN: '' } }, 'token-empty'],
    ['empty in its file', { files: { secret: { text: ' \n' } }, options: { 'token-file': 'secret' } }, 'token-empty'],
    [
      'with a line break in it',
      { files: { secret: { text: `${secret}\n${secret}` } }, options: { 'token-file': 'secret' } },
      'token-characters',
    ],
    ['with the word Bearer', { environment: { PROFILE_DRIP_TOKEN: `Bearer ${secret}` } }, 'token-characters'],
    ['given for the path of its file', { options: { 'token-file': secret } }, 'token-unreadable'],
  ];
  it.each(cases)('%s is refused without being shown', async (_what, given, code) => {
    const found = await problem(given);
    expect(found.code).toBe(code);
    expect(found.message).not.toContain(secret);
  });

  it('does not matter to a verb that sends nothing', async () => {
    expect(await read({ verb: 'status', environment: { PROFILE_DRIP_TOKEN: '' } })).toMatchObject({ token: null });
  });
});

describe('a name that two verbs have', () => {
  it('means what the verb makes of it', async () => {
    const files = config({ 'client-code': 'acme', dir: 'batches', port: 8098 });
    const environment = { PROFILE_DRIP_CONFIG: 'drip.json' };
    expect((await read({ files, environment })).settings).toMatchObject({ clientCode: 'acme', dir: null, port: null });
    expect((await read({ verb: 'serve', files, environment })).settings).toMatchObject({
      clientCode: null,
      clientCodes: ['acme'],
      dir: 'batches',
      port: 8098,
    });
  });

  it('may be a list for one and not for the other', async () => {
    const files = config({ 'client-code': ['acme', 'b'], 'token-file': ['acme=a.token', 'b=b|c'] });
    const options = { config: 'drip.json' };
    expect((await read({ verb: 'serve', files, options })).settings).toMatchObject({
      clientCodes: ['acme', 'b'],
      tokenFile: null,
      tokenFiles: [
        { clientCode: 'acme', path: 'a.token' },
        { clientCode: 'b', path: 'b|c' },
      ],
    });
    expect((await problem({ files, options })).code).toBe('config-value');
    expect((await read({ verb: 'report', files, options })).settings.clientCode).toBeNull();
  });

  it('is not repeated where it may hold a token', async () => {
    const environment = { PROFILE_DRIP_TOKEN_FILE: 'acme=a|secret-word' };
    const { message } = await problem({ verb: 'serve', environment });
    expect(message).toMatch(/^PROFILE_DRIP_TOKEN_FILE: expected CODE=PATH/);
    expect(message).not.toContain('secret-word');
  });

  it('is the port, where Kubernetes does not mean its own', async () => {
    const port = async (text: string) =>
      (await read({ verb: 'serve', environment: { PROFILE_DRIP_PORT: text } })).settings.port;
    expect(await port('tcp://10.0.0.1:80')).toBeNull();
    expect(await port('8098')).toBe(8098);
  });
});

describe('warnings', () => {
  const codes = (found: SettingsFound) => found.notices.map(({ code }) => code);

  it('name an unknown variable and the one that may be meant, and pass over what Kubernetes sets', async () => {
    const environment = {
      PROFILE_DRIP_RAET: '5',
      PROFILE_DRIP_PORT: 'tcp://10.0.0.1:80',
      PROFILE_DRIP_PORT_80_TCP_ADDR: '10.0.0.1',
      PROFILE_DRIP_SERVICE_HOST: '10.0.0.1',
      OTHER: 'x',
    };
    const found = await read({ environment });
    expect(codes(found)).toEqual(['environment-unknown']);
    expect(found.notices[0]?.message).toMatch(/"PROFILE_DRIP_RAET".*did you mean PROFILE_DRIP_RATE\?/);
  });

  it.each([
    [{ 'daily-cap': '1000001' }, ['daily-cap-above-default']],
    [{ 'daily-cap': '1000000', rate: '100' }, []],
    [{ rate: '101' }, ['rate-above-default']],
    [{ rate: '0' }, ['rate-above-default']],
    [{ rate: '0', 'daily-cap': '2000000', endpoint: 'http://127.0.0.1:1' }, []],
    [{ rate: '0', sandbox: 'true' }, []],
  ])('for %j are %j', async (options, expected) => {
    expect(codes(await read({ options }))).toEqual(expected);
  });
});
