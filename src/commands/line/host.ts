import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { systemClock } from '../../platform/clock.js';
import { secretFiles } from '../../platform/secret-files.js';
import { streamScreen } from '../../terminal/screen.js';
import type { ExitStatus } from '../../terms/exit-status.js';
import type { Host } from './call.js';
import { Output } from './output.js';
import { signalStatuses, watchSignals } from './signals.js';

/** The process that the program runs in. `endNow` ends it at once, and requests in flight are lost. */
export function processHost(endNow: (status: ExitStatus) => void): Host {
  const { env } = process;
  const output = new Output(streamScreen(process.stdout, env), streamScreen(process.stderr, env));
  return {
    surroundings: { environment: env, homeDir: homeFolder() },
    stdout: output.stdout,
    stderr: output.stderr,
    output,
    clock: systemClock,
    files: secretFiles,
    watchSignals(onSignal) {
      return watchSignals(process, systemClock, {
        onFirst: onSignal,
        onFurther: (name) => {
          output.finish(signalStatuses[name]);
          endNow(signalStatuses[name]);
        },
      });
    },
  };
}

/** cron sets HOME or not, and containers run users that nobody knows: `HOME`, else the user's entry, else none. */
function homeFolder(): string | null {
  for (const ask of [homedir, () => userInfo().homedir]) {
    try {
      const folder = ask();
      if (isAbsolute(folder)) return folder;
    } catch {
      // a user without an entry
    }
  }
  return null;
}
