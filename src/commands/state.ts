import { schemaSql } from '../ledger/postgres/schema.js';
import type { Settings } from '../settings/table.js';
import type { MovedMemoryEnd } from '../state/move-memory.js';
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
  let toldAt = 0;
  const { ledgers, memories } = await copyState(from, target, (name, visitors) => {
    if (visitors < toldAt + visitorsBetween) return;
    toldAt = visitors;
    host.stderr.write(`copying the memory of ${harmless(name)}: ${grouped(visitors)} visitors so far\n`);
  });
  host.stdout.write(ledgers.map((ledger) => line('copied', ledger)).join(''));
  host.stdout.write(memories.map(memoryLine).join(''));
  host.stdout.write(
    `${harmless(from, 1000)} is not used any more: give --state-url in place of --state-dir from now on\n`,
  );
  return exitStatus.done;
}

async function accept({ host }: Call, { used, stateUrl, clientCode, kind }: Settings): Promise<ExitStatus> {
  if (used === null || stateUrl === null) {
    throw new UsageError('option-missing', 'state accept: expected --used N and --state-url URL');
  }
  const { acceptState } = await import('../state/move-state.js');
  const ledgers = await acceptState(stateUrl, used, { clientCode, kind });
  host.stdout.write(ledgers.map((ledger) => line('accepted', ledger)).join(''));
  return exitStatus.done;
}

/** A long copy says how far it is. */
const visitorsBetween = 250_000;

function memoryLine({ name, kind, visitors }: MovedMemoryEnd): string {
  const what = `the memory of --changed-only of ${harmless(name)}`;
  if (kind === 'copied') return `copied: ${what}, ${grouped(visitors)} visitors\n`;
  return `not copied: ${what}, because runs have used one in the database. The next run with --changed-only sends every row once\n`;
}

const unitWords: Readonly<Record<CopiedLedger['kind'], string>> = {
  update: 'updates',
  fetch: 'fetches of visitors',
  delivery: 'Delivery requests',
};

function line(what: string, { clientCode, isLoopback, kind, usedUnits }: CopiedLedger): string {
  const endpoints = isLoopback ? ' (loopback endpoints)' : '';
  return `${what}: ${harmless(clientCode)}${endpoints}, ${grouped(usedUnits)} ${unitWords[kind]} count as used now\n`;
}
