import { readFile, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { systemClock } from '../../platform/clock.js';
import { streamScreen } from '../../terminal/screen.js';
import type { ExitStatus } from '../../terms/exit-status.js';
import type { Host } from './call.js';
import { signalStatuses, watchSignals } from './signals.js';

/** The process that the program runs in. `endNow` ends it at once, with what is under way lost. */
export function processHost(endNow: (status: ExitStatus) => void): Host {
  const { env } = process;
  return {
    surroundings: { environment: env, homeDir: homeFolder() },
    stdout: streamScreen(process.stdout, env),
    stderr: streamScreen(process.stderr, env),
    clock: systemClock,
    files: {
      readText: (path) => readFile(path, 'utf8'),
      async stat(path) {
        const found = await stat(path);
        return { mode: found.mode & 0o777, isRegularFile: found.isFile() };
      },
    },
    watchSignals(onSignal) {
      return watchSignals(process, systemClock, {
        onFirst: onSignal,
        onFurther: (name) => endNow(signalStatuses[name]),
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
