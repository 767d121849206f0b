import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { openMarksOf } from '../memory/memory.js';
import { type SharedState, sharedHome } from '../memory/postgres/open-memory.js';
import { systemCode } from '../terms/errors.js';

/** What happens to the memories of --changed-only when a state is moved or restored. */

/** Of the same client code, or of all for `null`. */
export async function doubtMemories(stateUrl: string, clientCode: string | null): Promise<void> {
  for (const name of await memoryNames(stateUrl)) {
    const isOwn = clientCode === null || name.startsWith(`${clientCode.toLowerCase()} `);
    if (isOwn) await doubt(stateUrl, name);
  }
}

/**
 * A folder's memories stay behind. But attempts under their marks may still arrive, and a memory in the database knows
 * nothing of them: where a mark is open, that memory is in doubt as a whole.
 */
export async function doubtWhatIsOpen(stateDir: string, stateUrl: string): Promise<void> {
  const parent = join(stateDir, 'memory');
  const entries = await readdir(parent, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const marks = await openMarksOf(join(parent, entry.name));
    if (marks?.areOpen === true) await doubt(stateUrl, marks.owner);
  }
}

async function doubt(stateUrl: string, name: string): Promise<void> {
  const home = await sharedHome(stateOf(stateUrl), name, true);
  try {
    await home.beginInDoubt();
  } finally {
    await home.close();
  }
}

/** Those of loopback endpoints by this machine alone. */
async function memoryNames(stateUrl: string): Promise<string[]> {
  const home = await sharedHome(stateOf(stateUrl), '', false);
  try {
    const all = await home.names();
    return all.filter((name) => !name.includes(' on ') || name.endsWith(` on ${hostname()}`));
  } finally {
    await home.close();
  }
}

function stateOf(stateUrl: string): SharedState {
  return { stateUrl, keyFile: null, giveUpMs: 0, signal: null, onAway: () => {} };
}
