import type { RunVerb, VerbName } from './line/call.js';

/** Where each verb is done: loaded when it is wanted, and no other. */
const loaders: Readonly<Record<VerbName, () => Promise<RunVerb>>> = {
  send: async () => (await import('./send.js')).send,
  check: async () => (await import('./check.js')).check,
  status: async () => (await import('./status.js')).status,
  report: async () => (await import('./report.js')).report,
  drop: async () => (await import('./drop.js')).drop,
  serve: async () => (await import('./serve.js')).serve,
  state: async () => (await import('./state.js')).state,
  verify: async () => (await import('./verify.js')).verify,
  sandbox: async () => (await import('./sandbox.js')).sandbox,
  help: async () => (await import('./help.js')).help,
};

export function loadVerb(verb: VerbName): Promise<RunVerb> {
  return loaders[verb]();
}
