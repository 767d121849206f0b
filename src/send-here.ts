import type { SendHooks, SendOptions } from './job/options.js';
import { realMachine } from './job/real-machine.js';
import { sendFiles } from './job/send.js';
import type { RunSummary } from './job/summary.js';

/** Sends with this machine's own clock, disk and network; with `sandbox` to one that is started for this call. */
export async function sendHere(files: readonly string[], options: SendOptions, hooks: SendHooks): Promise<RunSummary> {
  if (!options.sandbox) return sendFiles(files, options, hooks, realMachine);
  const { startSandbox } = await import('./sandbox/sandbox.js');
  const faultless = { knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 0 };
  const sandbox = await startSandbox({ ...faultless, port: 0, clock: realMachine.clock });
  try {
    // The real token has no business with a trial.
    const trial = { ...options, endpoint: sandbox.url, token: null, tokenFile: null };
    return await sendFiles(files, trial, hooks, realMachine);
  } finally {
    await sandbox.close();
  }
}
