import type { SendOptions } from '../job/terms/options.js';
import type { Clock } from '../platform/ports.js';

/** Runs `run` with `options` or, where they say `sandbox`, against a sandbox that is started for this call alone. */
export async function withTrial<Options extends SendOptions, Result>(
  options: Options,
  clock: Clock,
  run: (options: Options) => Promise<Result>,
): Promise<Result> {
  if (!options.sandbox) return run(options);
  const { startSandbox } = await import('../sandbox/sandbox.js');
  const faultless = { knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 0 };
  const sandbox = await startSandbox({ ...faultless, port: 0, clock });
  try {
    // The real token has no business with a trial.
    return await run({ ...options, endpoint: sandbox.url, token: null, tokenFile: null });
  } finally {
    await sandbox.close();
  }
}
