import type { ServeHooks, ServeOptions } from '../serve/options.js';
import { serveFolder } from '../serve/serve.js';
import { realMachine } from './machine.js';
import { withTrial } from './sandbox-run.js';

/** Serves with this machine's own clock, disk and network; with `sandbox` batches go to one of this call alone. */
export async function serveHere(options: ServeOptions, hooks: ServeHooks): Promise<void> {
  const send = { ...options.send, clientCode: '', token: null, tokenFile: null, out: null, name: null, restart: false };
  await withTrial(send, realMachine, (own) =>
    serveFolder(
      { ...options, send: own, tokenFiles: own.sandbox ? new Map() : options.tokenFiles },
      hooks,
      realMachine,
    ),
  );
}
