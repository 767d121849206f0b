import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEndOfFile } from './clean-up.js';

/** An empty folder of one's own, its links resolved; removed with all that is in it when the test file is done. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'profile-drip-test-'));
  atEndOfFile(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
