import { schemaSql } from '../ledger/postgres/schema.js';
import type { Settings } from '../settings/table.js';
import type { CopiedLedger } from '../state/move-state.js';
import { UsageError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { harmless } from '../text/harmless.js';
import { grouped } from '../text/numbers.js';
import type { Call } from './line/call.js';
import { settingsOf } from './line/settings-of-call.js';

/** `profile-drip state`: what an administrator does with a shared state. */
export async function state(call: Call): Promise<ExitStatus> {
  const { stdout } = call.host;
  const { settings } = await settingsOf(call, 'state');
  const [what] = call.files;
  if (settings.printSql) {
    if (what !== undefined) throw new UsageError('option-contradiction', `--print-sql and ${what}: give one of them`);
    stdout.write(schemaSql());
    return exitStatus.done;
  }
  switch (what) {
    case 'copy':
      return copy(call, settings);
    case 'accept':
      return accept(call, settings);
    default:
      throw new UsageError(
        'argument-missing',
        'state: expected copy, accept or --print-sql. Usage: profile-drip state --help',
      );
  }
}

async function copy({ host }: Call, { from, to, stateUrl }: Settings): Promise<ExitStatus> {
  const target = to ?? stateUrl;
  if (from === null || target === null) {
    throw new UsageError('option-missing', 'state copy: expected --from DIR and --to URL (or --state-url)');
  }
  const { copyState } = await import('../state/move-state.js');
  const ledgers = await copyState(from, target);
  host.stdout.write(ledgers.map((ledger) => line('copied', ledger)).join(''));
  host.stdout.write(
    `${harmless(from, 1000)} is not used any more: give --state-url in place of --state-dir from now on\n`,
  );
  return exitStatus.done;
}

async function accept({ host }: Call, { used, stateUrl, clientCode }: Settings): Promise<ExitStatus> {
  if (used === null || stateUrl === null) {
    throw new UsageError('option-missing', 'state accept: expected --used N and --state-url URL');
  }
  const { acceptState } = await import('../state/move-state.js');
  const ledgers = await acceptState(stateUrl, used, clientCode);
  host.stdout.write(ledgers.map((ledger) => line('accepted', ledger)).join(''));
  return exitStatus.done;
}

function line(what: string, { clientCode, isLoopback, usedUnits }: CopiedLedger): string {
  const kind = isLoopback ? ' (loopback endpoints)' : '';
  return `${what}: ${harmless(clientCode)}${kind}, ${grouped(usedUnits)} updates count as used now\n`;
}
