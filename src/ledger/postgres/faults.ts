import type { ErrorCode } from '../../terms/codes.js';
import { MachineError, ProfileDripError, systemCode } from '../../terms/errors.js';
import { harmless } from '../../text/harmless.js';
import { HomeAway } from '../ledger-home.js';
import { databaseSaid } from './connect.js';
import { schemaFormat, tables } from './schema.js';

/** What PostgreSQL, or the way to it, said when the state could not be used: away for now, or a thing to correct. */
export function stateFault(error: unknown, place: string, wasReached: boolean): HomeAway | MachineError | Error {
  if (error instanceof HomeAway) return new HomeAway(error.code, `${place}: ${error.message}`, { cause: error });
  if (error instanceof ProfileDripError) return error;
  const said = databaseSaid(error);
  if (said !== null) return sqlFault(said.state, harmless(said.message), place, error);
  const code = systemCode(error);
  const words = error instanceof Error ? harmless(error.message) : '';
  if (code !== null && isTlsCode(code)) return tlsFault(place, `${code}: ${words}`, tlsWay(code), error);
  if (/does not support SSL|establishing an SSL/.test(words)) {
    return tlsFault(
      place,
      'a server without TLS',
      'Turn on ssl there, or write sslmode=disable (plain text) into the URL',
      error,
    );
  }
  if (code === 'ENOTFOUND' && !wasReached) {
    const message = `${place}: there is no host of this name (ENOTFOUND). Check the URL of the state`;
    return new MachineError('state-unreachable', message, { cause: error });
  }
  const isNetwork = code !== null || /terminated|timeout|ended|closed/i.test(words);
  if (isNetwork) return new HomeAway('state-unreachable', `${place}: ${code ?? words}`, { cause: error });
  return error instanceof Error ? error : new Error('something that is not an error was thrown');
}

/** Of SQLSTATE classes, those that pass: connection, transaction, resources, operator, system; and a standby. */
const passing = /^(08|40|53|57|58|55P03|25006|25P0)/;

const codesOfPassing: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^53100/, 'state-full'],
  [/^25006/, 'state-read-only'],
  [/^(40|55P03)/, 'state-busy'],
];

function sqlFault(state: string, said: string, place: string, cause: unknown): HomeAway | MachineError {
  const told = `${place}: ${said} (SQLSTATE ${state})`;
  if (passing.test(state)) {
    const code = codesOfPassing.find(([pattern]) => pattern.test(state))?.[1] ?? 'state-unreachable';
    return new HomeAway(code, told, { cause });
  }
  const [code, way] = wayOut(state, said);
  return new MachineError(code, `${told}. ${way}`, { cause });
}

function wayOut(state: string, said: string): readonly [code: ErrorCode, way: string] {
  if (state === '28000' && said.includes('no encryption')) {
    return [
      'state-tls',
      'The server lets this user in over TLS alone: write sslmode=verify-full into the URL, and name the signer with PGSSLROOTCERT',
    ];
  }
  if (state.startsWith('28')) {
    return ['state-login', 'Check the user, PGPASSWORD or ~/.pgpass, and what pg_hba.conf lets in'];
  }
  if (state === '3D000') return ['state-no-database', 'Check the database in the URL, or create it'];
  if (state === '42501') {
    return ['state-no-rights', 'Have an administrator run the SQL that this prints:  profile-drip state --print-sql'];
  }
  // Tables or columns that this version writes are not there.
  if (/^(42P01|42703|3F000)/.test(state)) {
    return ['state-version', 'Use the version of profile-drip that created the schema, or another database'];
  }
  return ['state-failed', 'The database refused what should be possible: look at its log'];
}

function isTlsCode(code: string): boolean {
  return /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|EPROTO|UNABLE_TO/.test(code);
}

function tlsFault(place: string, found: string, way: string, cause: unknown): MachineError {
  const message = `${place}: expected TLS with a certificate of this host, and found ${harmless(found)}. ${way}`;
  return new MachineError('state-tls', message, { cause });
}

function tlsWay(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'Write a host that the certificate names into the URL, or sslmode=verify-ca (its signer is checked, its name is not)';
  }
  return 'Name the signer with PGSSLROOTCERT, or write sslmode=require (no check) or sslmode=disable (plain text) into the URL';
}

export function restoredState(place: string, found: string): MachineError {
  return new MachineError(
    'state-restored',
    `${place}: the ledger is not the one that was used (${found}): it may be an older copy, so nothing is sent. If you know how many updates it may have missed in the last 24 hours, say so:  profile-drip state accept --used N --state-url …`,
  );
}

export function otherVersion(place: string, found: string): MachineError {
  return new MachineError(
    'state-version',
    `${place}: expected a schema profile_drip that this version writes, and found ${found}. Use the version that created it, or another database`,
  );
}

export function damagedState(place: string, found: string): MachineError {
  return new MachineError(
    'ledger-damaged',
    `${place}: expected the ledger to be whole, and found it damaged (${found}): how much of the cap is used cannot be known, so nothing is sent. Restore the tables of the schema profile_drip, or start again on purpose: wait until 24 hours have passed since the last update, then run:  DROP SCHEMA profile_drip CASCADE`,
  );
}

/** What every read looks at first. @throws HomeAway for a standby, MachineError for another version's schema. */
export function checkServer(place: string, row: Readonly<Record<string, string | null>>): void {
  if (row.in_recovery !== 'false') {
    throw new HomeAway('state-read-only', `${place}: it is a standby (pg_is_in_recovery), not a primary`);
  }
  if (row.schema_format !== String(schemaFormat)) throw otherVersion(place, `format ${row.schema_format ?? 'none'}`);
  if (row.format !== null && row.format !== String(schemaFormat)) {
    throw otherVersion(place, `a row of format ${row.format}`);
  }
  if (row.permanent !== String(tables.length)) throw otherVersion(place, 'tables that are not permanent');
}

/** What every write says of how durable its COMMIT will be. @throws HomeAway */
export function checkDurability(place: string, row: Readonly<Record<string, string | null>> | undefined): void {
  if (row?.durability === 'on' || row?.durability === 'remote_apply') return;
  throw new HomeAway('state-unreachable', `${place}: synchronous_commit is ${row?.durability ?? 'not known'}`);
}

export function clockBehind(place: string): HomeAway {
  const message = `${place}: its clock is more than 60 s behind what was seen; waiting until it is right`;
  return new HomeAway('state-clock', message);
}
