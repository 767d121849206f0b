import { schemaFormat, tables } from './schema.js';

/**
 * The SQL of a transaction. Names are qualified, and nothing outlives the transaction: a pooler may give the next one
 * another session. A transaction reads the row and the clock in one statement without a lock, and writes in one
 * statement that names the version it has seen: so a lock is held from that write to COMMIT only, and what another client
 * committed in between makes the write change nothing.
 */

/** How long the server waits before it ends a statement, a wait for a lock, a transaction whose client is silent. */
const timeouts =
  "SET LOCAL statement_timeout = '8s'; SET LOCAL lock_timeout = '3s'; SET LOCAL idle_in_transaction_session_timeout = '10s'";

/** Never below `on`, whatever server, database or role say; `remote_apply` is above it. */
const durable = `SELECT pg_catalog.set_config('synchronous_commit', CASE pg_catalog.current_setting('synchronous_commit')
  WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)`;

export const begin = `BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL search_path = pg_catalog, pg_temp; ${timeouts}; ${durable}`;

/** The clock of the database, in milliseconds. Tests have one that they move. */
export const databaseClock = '(EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint';

const tableNames = tables.map((table) => `'${table}'`).join(', ');

/** The server as it is now, as a table `i` of one row. */
export function serverNow(clock: string): string {
  return `(SELECT ${clock}::text AS clock_ms,
    (SELECT m.format::text FROM profile_drip.meta m) AS schema_format,
    pg_catalog.pg_is_in_recovery()::text AS in_recovery,
    (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS server,
    CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
      ELSE pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END AS timeline,
    (SELECT pg_catalog.count(*)::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'profile_drip' AND c.relname IN (${tableNames}) AND c.relpersistence = 'p') AS permanent) i`;
}

/** Of settled buckets a draw reads those that come free next and those that were used last: it needs no others, as a rule. */
const headCount = 32;
const tailCount = 8;
const ends = `AND (b.index < l.first_index + ${headCount} OR b.index >= l.next_index - ${tailCount})`;

/** $1: name, $2: client. One row, whether there is a ledger or not. */
export function readStatement(clock: string, buckets: 'ends' | 'all'): string {
  return `SELECT i.*,
  l.format::text AS format, l.id::text AS id, l.version::text AS version, l.server AS row_server, l.timeline AS row_timeline,
  l.ledger_ms::text AS ledger_ms, l.counted_to_ms::text AS counted_to_ms, l.high_ms::text AS high_ms,
  l.cap_limit::text AS cap_limit, l.reserve::text AS reserve, l.used::text AS used,
  l.first_index::text AS first_index, l.next_index::text AS next_index, l.open AS open,
  d.number::text AS draw_number, d.answer AS draw_answer,
  (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(b.index, b.number, b.units, b.used_at_ms, b.free_at_ms))::text
    FROM profile_drip.bucket b WHERE b.ledger = l.name AND b.index >= l.first_index ${buckets === 'ends' ? ends : ''}) AS buckets
FROM ${serverNow(clock)}
LEFT JOIN profile_drip.ledger l ON l.name = $1
LEFT JOIN profile_drip.draw d ON d.ledger = l.name AND d.client = $2::uuid`;
}

/** $1: name, $2: first index, $3: the one after the last. */
export const readBuckets = `SELECT pg_catalog.json_agg(pg_catalog.json_build_array(b.index, b.number, b.units, b.used_at_ms, b.free_at_ms))::text AS buckets
FROM profile_drip.bucket b WHERE b.ledger = $1 AND b.index >= $2::bigint AND b.index < $3::bigint`;

/** The row exists before any draw: two clients that create it at once get one. $1: name, $2: id, $3: server, $4: timeline. */
export const insertLedger = `INSERT INTO profile_drip.ledger (name, format, id, version, server, timeline)
VALUES ($1, ${schemaFormat}, $2::uuid, 0, $3, $4) ON CONFLICT (name) DO NOTHING`;

const moved = (sets: string) => `moved AS (UPDATE profile_drip.ledger SET version = version + 1${sets}
  WHERE name = $1 AND version = $2::bigint AND id = $3::uuid AND format = ${schemaFormat} RETURNING name)`;
const changed = `SELECT (SELECT pg_catalog.count(*)::text FROM moved) AS changed, pg_catalog.current_setting('synchronous_commit') AS durability`;

/** Of parameters $1 to $3 what was read: name, version, id. Changes nothing where the version has moved on. */
export const writeStatement = `WITH ${moved(`, ledger_ms = $4::bigint, counted_to_ms = $5::bigint, high_ms = $6::bigint,
  cap_limit = $7::bigint, reserve = $8::bigint, used = $9::bigint, first_index = $10::bigint, next_index = $11::bigint, open = $12`)},
gone AS (DELETE FROM profile_drip.bucket b USING moved WHERE b.ledger = moved.name AND b.index < $10::bigint),
put AS (INSERT INTO profile_drip.bucket (ledger, index, number, units, used_at_ms, free_at_ms)
  SELECT moved.name, (e->>0)::bigint, (e->>1)::bigint, (e->>2)::bigint, (e->>3)::bigint, (e->>4)::bigint
  FROM moved, pg_catalog.json_array_elements($13::json) e
  ON CONFLICT (ledger, index) DO UPDATE SET units = excluded.units),
kept AS (INSERT INTO profile_drip.draw (ledger, client, number, answer, at_ms)
  SELECT moved.name, $14::uuid, $15::bigint, $16, $4::bigint FROM moved
  ON CONFLICT (ledger, client) DO UPDATE SET number = excluded.number, answer = excluded.answer, at_ms = excluded.at_ms)
${changed}`;

/** Nothing but the version: that its COMMIT is durable says that what was committed before it is. */
export const touchStatement = `WITH ${moved('')} ${changed}`;

/** A copy that was restored is taken for the ledger from now on. $1: name, $2: a new id, $3: server, $4: timeline. */
export const acceptStatement =
  'UPDATE profile_drip.ledger SET id = $2::uuid, server = $3, timeline = $4 WHERE name = $1';

/** Draws of runs that ended long ago. $1: name, $2: ledger's time. */
export const sweepDraws = 'DELETE FROM profile_drip.draw WHERE ledger = $1 AND at_ms < $2::bigint - 2592000000';
