import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { startSandbox } from '../../src/index.js';
import { temporaryFolder } from '../support/index.js';
import { runProgram } from './support/run-program.js';

/** `--coalesce` as it is typed, and what the other verbs read of its lines. */

const visitors = ['anna', 'bo', 'cy'];
/** Each visitor's rows end with `tier` gold and `points` of the last row that has them. */
const rows = Array.from({ length: 30 }, (_, index) => {
  const points = index % 4 === 0 ? '' : `${index}`;
  return `${visitors[index % 3]},${index < 24 ? 'silver' : 'gold'},${points}`;
});

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder, 'night.csv');
  await writeFile(file, `batch=thirdPartyId,tier,points\n${rows.join('\n')}\n`);
});

describe('--coalesce', () => {
  it('sends what check said, and verify, status and report read its lines', async () => {
    const sandbox = await startSandbox({ known: visitors });
    try {
      const options = ['--client-code', 'acme', '--endpoint', sandbox.url, '--state-dir', join(folder, 'state')];
      const checked = await runProgram(['check', file, '--coalesce', '--json', ...options]);
      expect(JSON.parse(checked.stdout).files[0]).toMatchObject({
        rows: { sendable: 30, coalesced: 27 },
        plan: { updates: 3 },
      });
      const words = await runProgram(['check', file, '--coalesce', ...options]);
      expect(words.stdout).toContain('27 updates saved, because 27 rows go with a later row of the same visitor');
      expect(words.stdout).toMatch(/^ {2}profile-drip send .*--coalesce/m);

      const sent = await runProgram(['send', file, '--coalesce', '--json', ...options]);
      expect(sent.status).toBe(0);
      expect(JSON.parse(sent.stdout).jobs[0]).toMatchObject({
        rows: { total: 30, submitted: 30, coalesced: 27 },
        reasons: [{ code: 'coalesced', count: 27, example_row: expect.any(Number) }], // of the update that ended first
        attempts: 3,
        cap: { used: 3 },
      });
      expect(sandbox.profile('anna')).toMatchObject({ tier: 'gold', points: '27' });
      expect(sandbox.profile('bo')).toMatchObject({ tier: 'gold', points: '25' });

      const verified = await runProgram(['verify', file, '--sample', 'all', '--json', ...options]);
      expect(JSON.parse(verified.stdout).files[0]).toMatchObject({ visitors: 3, verdicts: { applied: 3 } });
      const status = await runProgram(['status', file, '--json', '--state-dir', join(folder, 'state')]);
      expect(JSON.parse(status.stdout).jobs[0]).toMatchObject({
        state: 'done',
        rows: { submitted: 30, coalesced: 27 },
      });
      expect((await runProgram(['report', file])).status).toBe(0);
      const page = await readFile(`${file}.report.html`, 'utf8');
      expect(page).toContain('went with a later row of its visitor in one update');
    } finally {
      await sandbox.close();
    }
  });

  it('is a setting like others: help, --print-config, environment, and the words at the end', async () => {
    expect((await runProgram(['send', '--help'])).stdout).toContain('--coalesce');
    for (const verb of ['send', 'drop', 'serve', 'check']) {
      const { stdout } = await runProgram([verb, '--print-config'], { environment: { PROFILE_DRIP_COALESCE: 'true' } });
      expect(stdout, verb).toMatch(/^coalesce +true +environment: PROFILE_DRIP_COALESCE$/m);
    }
    const { stdout } = await runProgram(['send', file, '--sandbox', '--coalesce']);
    expect(stdout).toMatch(/^ {2}27 {2}coalesced +of the submitted/m);
  });

  it('--dry-run shows the update and not its parts', async () => {
    const args = ['send', file, '--client-code', 'acme', '--dry-run', '--show-values', '--coalesce'];
    const { stdout } = await runProgram([...args, '--state-dir', join(folder, 'state')]);
    expect(stdout).toContain('mbox3rdPartyId=anna&profile.tier=gold&profile.points=27');
  });
});
