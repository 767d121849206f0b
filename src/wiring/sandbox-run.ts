import { requireEncrypted } from '../endpoint/endpoint.js';
import type { Machine } from '../job/terms/machine.js';
import type { SendOptions } from '../job/terms/options.js';

/**
 * Runs `run` with `options` or, where they say `sandbox`, against a sandbox that is started for this call alone.
 *
 * @throws UsageError `endpoint-http`, before any file is looked at.
 */
export async function withTrial<Options extends SendOptions, Result>(
  options: Options,
  { clock, lookUp }: Pick<Machine, 'clock' | 'lookUp'>,
  run: (options: Options) => Promise<Result>,
): Promise<Result> {
  if (!options.sandbox) {
    await requireEncrypted(options, lookUp, clock);
    return run(options);
  }
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
