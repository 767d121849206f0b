import * as kinds from './kinds/kinds.js';
import { setting, type ValuesOf } from './kinds/setting.js';

/** The sandbox's options. They come from the command line alone: it is started by hand, or by a script that names them. */

export const sandboxTable = {
  port: setting({
    name: 'port',
    group: 'sandbox',
    verbs: ['sandbox'],
    kind: kinds.wholeNumber('a port', 0, 65_535),
    help: 'the port to listen on, at 127.0.0.1; 0: any that is free',
    default: 0,
  }),
  clientCode: setting({
    name: 'client-code',
    alias: 'c',
    group: 'sandbox',
    verbs: ['sandbox'],
    kind: kinds.clientCode,
    help: 'the only client code that is taken',
    default: null,
    defaultText: 'any',
  }),
  knownOnly: setting({
    name: 'known-only',
    group: 'sandbox',
    verbs: ['sandbox'],
    kind: kinds.flag,
    help: 'as Target does: unknown visitors are not created, and the reply looks like success',
    default: false,
  }),
  known: setting({
    name: 'known',
    group: 'sandbox',
    verbs: ['sandbox'],
    kind: kinds.path,
    help: 'a file with the ids of visitors that exist, one a line, or a bulk file; implies --known-only',
    default: null,
    defaultText: 'none',
  }),
  applyAfterMs: setting({
    name: 'apply-after',
    group: 'sandbox',
    verbs: ['sandbox'],
    kind: kinds.seconds(0, 86_400),
    help: 'seconds after which an update shows',
    default: 0,
  }),
  cap: setting({
    name: 'cap',
    group: 'sandbox',
    verbs: ['sandbox'],
    kind: kinds.wholeNumber('updates', 0, 1_000_000_000),
    help: 'updates in any rolling 24 hours; 429 beyond',
    default: null,
    defaultText: 'no cap',
  }),
  token: setting({
    name: 'token',
    group: 'sandbox',
    verbs: ['sandbox'],
    kind: { ...kinds.text('a made-up token'), mayRepeat: () => false },
    help: 'a made-up token that requests must carry; 403 without it',
    default: null,
    defaultText: 'none',
  }),
  latencyMs: setting({
    name: 'latency',
    group: 'sandbox',
    verbs: ['sandbox'],
    kind: kinds.decimalNumber('milliseconds', 0, 600_000),
    help: 'milliseconds that each reply takes',
    default: 0,
  }),
  errorRate: setting({
    name: 'error-rate',
    group: 'sandbox',
    verbs: ['sandbox'],
    kind: kinds.decimalNumber('a share', 0, 1),
    help: 'the share (0 to 1) of requests that meet a fault',
    default: 0,
  }),
  seed: setting({
    name: 'seed',
    group: 'sandbox',
    verbs: ['sandbox'],
    kind: kinds.wholeNumber('a seed', 0, 4_294_967_295),
    help: 'decides which requests meet which fault: the same seed, the same faults',
    default: 1,
  }),
} as const;

export type SandboxSettings = ValuesOf<typeof sandboxTable>;
