import { isIP } from 'node:net';
import * as kinds from './kinds/kinds.js';
import { type Kind, setting } from './kinds/setting.js';

/** What only `serve` is told: rows of the table of settings. */

/** Several of one kind: the option is given once for each. */
function listOf<Value>(kind: Kind<Value>): Kind<readonly Value[]> {
  return {
    expected: `${kind.expected}; several: give the option again (in the environment with | between them, in a config file as a list)`,
    isList: true,
    mayRepeat: (text) => kinds.wordsOf(text).every((one) => kind.mayRepeat?.(one) !== false),
    read(text) {
      const values: Value[] = [];
      for (const one of kinds.wordsOf(text)) {
        const reading = kind.read(one);
        if (reading.kind === 'wrong') return reading;
        values.push(reading.value);
      }
      return { kind: 'value', value: values };
    },
    show: (values) => kinds.listText(values.map((one) => kind.show(one))),
  };
}

export interface CodeAndPath {
  readonly clientCode: string;
  readonly path: string;
}

/** `acme=/run/secrets/acme`. Never repeated: by mistake it may hold the token itself. */
const codeAndPath: Kind<CodeAndPath> = {
  expected: 'CODE=PATH, a client code and the file with its token (acme=/run/secrets/acme)',
  mayRepeat: () => false,
  read(text) {
    const at = text.indexOf('=');
    const code = kinds.clientCode.read(text.slice(0, Math.max(at, 0)));
    const path = text.slice(at + 1);
    if (code.kind === 'wrong' || path === '' || path.includes('\0')) return { kind: 'wrong', why: null };
    return { kind: 'value', value: { clientCode: code.value.toLowerCase(), path } };
  },
  show: ({ clientCode, path }) => `${clientCode}=${path}`,
};

/** An address, not a name: a hosts file must not decide what is loopback. */
const ipAddress: Kind<string> = {
  expected: 'an IP address of this machine (127.0.0.1, ::1, 0.0.0.0)',
  read: (text) => (isIP(text) === 0 ? { kind: 'wrong', why: null } : { kind: 'value', value: text }),
  show: (of) => of,
};

/** Adobe's documentation: under 50 MB. Read as MiB: what is accepted there is accepted here. */
const megabyteBytes = 1_048_576;

export const serveTable = {
  dir: setting({
    name: 'dir',
    group: 'serve',
    verbs: ['serve'],
    kind: kinds.path,
    help: 'the folder for batches, one folder in it for each client code; needed',
    default: null,
  }),
  port: setting({
    name: 'port',
    group: 'serve',
    verbs: ['serve'],
    kind: kinds.wholeNumber('a port', 0, 65_535),
    help: 'the port to listen on; 0: any that is free; needed',
    default: null,
  }),
  host: setting({
    name: 'host',
    group: 'serve',
    verbs: ['serve'],
    kind: ipAddress,
    help: 'the address to listen on; one that is not loopback needs --client-code, --auth-file, --public-url and --listen-http',
    default: '127.0.0.1',
  }),
  listenHttp: setting({
    name: 'listen-http',
    group: 'serve',
    verbs: ['serve'],
    kind: kinds.flag,
    help: 'listen without TLS on an address that is not loopback: a proxy before it does TLS',
    default: false,
    isCommandLineOnly: true,
  }),
  publicUrl: setting({
    name: 'public-url',
    group: 'serve',
    verbs: ['serve'],
    kind: kinds.origin,
    help: 'the address under which jobs reach the gateway; status addresses begin with it',
    default: null,
    defaultText: 'the address that is listened on',
  }),
  clientCodes: setting({
    name: 'client-code',
    alias: 'c',
    group: 'serve',
    verbs: ['serve'],
    kind: listOf(kinds.clientCode),
    help: 'a client code that is served; give the option once for each',
    default: null,
    defaultText: 'every one, on loopback',
  }),
  authFile: setting({
    name: 'auth-file',
    group: 'serve',
    verbs: ['serve'],
    kind: kinds.secretPath,
    help: 'a file (0600) of who may send: lines CODE TOKEN, or * TOKEN for every client code',
    default: null,
    defaultText: 'none: everybody who reaches the port',
  }),
  tokenFiles: setting({
    name: 'token-file',
    group: 'serve',
    verbs: ['serve'],
    kind: listOf(codeAndPath),
    help: "CODE=PATH: the file with the client code's profile token; give the option once for each",
    default: null,
    defaultText: 'none',
  }),
  maxBodyBytes: setting({
    name: 'max-body',
    group: 'serve',
    verbs: ['serve'],
    kind: {
      ...kinds.wholeNumber('MB', 1, 10_000),
      read(text) {
        const reading = kinds.wholeNumber('MB', 1, 10_000).read(text);
        return reading.kind === 'wrong' ? reading : { kind: 'value', value: reading.value * megabyteBytes };
      },
      show: (bytes: number) => String(bytes / megabyteBytes),
    },
    help: 'MB that a body may have',
    default: 50 * megabyteBytes,
  }),
} as const;
