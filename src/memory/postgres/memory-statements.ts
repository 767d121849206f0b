import { schemaFormat } from '../../ledger/postgres/schema.js';
import { serverNow } from '../../ledger/postgres/statements.js';

/**
 * The SQL of the memory. Unchanged rows are found by one statement without a lock. What is written is written in a
 * transaction that locks the memory's row first, in a statement of its own: the next one sees what others committed.
 */

/** $1: name, $2: the visitors' keys. One row, whether there is a memory or not; each record is one look-up in the index. */
export function readStatement(clock: string): string {
  return `SELECT i.*, m.format::text AS format, m.id::text AS id, m.version::text AS version,
  m.server AS row_server, m.timeline AS row_timeline, m.number::text AS number,
  pg_catalog.encode(m.secret, 'hex') AS secret, m.key_check AS key_check,
  m.home_ms::text AS home_ms, m.counted_to_ms::text AS counted_to_ms, m.high_ms::text AS high_ms,
  m.is_made::text AS is_made, m.all_until_ms::text AS all_until_ms, m.latest_until_ms::text AS latest_until_ms,
  (SELECT pg_catalog.string_agg(COALESCE((SELECT pg_catalog.encode(v.record, 'hex') FROM profile_drip.visitor v
      WHERE v.memory = m.number AND v.key = k.key), ''), ',' ORDER BY k.place)
    FROM pg_catalog.unnest($2::bytea[]) WITH ORDINALITY AS k(key, place)) AS records
FROM ${serverNow(clock)}
LEFT JOIN profile_drip.memory m ON m.name = $1`;
}

/** $1: name. */
export const lockMemory = 'SELECT name FROM profile_drip.memory WHERE name = $1 FOR UPDATE';

/** Two runs that create it at once get one. $1: name, $2: id, $3: server, $4: timeline. */
export const insertMemory = `INSERT INTO profile_drip.memory (name, format, id, version, server, timeline)
VALUES ($1, ${schemaFormat}, $2::uuid, 0, $3, $4) ON CONFLICT (name) DO NOTHING`;

const changed = `SELECT (SELECT pg_catalog.count(*)::text FROM moved) AS changed, pg_catalog.current_setting('synchronous_commit') AS durability`;

/** $1 to $3 what was read: name, version, id. $4: the secret, or nothing where it is in a file, $5: its check. */
export const putKey = `WITH moved AS (UPDATE profile_drip.memory SET version = version + 1, secret = $4::bytea, key_check = $5
  WHERE name = $1 AND version = $2::bigint AND id = $3::uuid RETURNING number)
${changed}`;

/** $4 to $6: the time, $7: the key's check, $8 to $10: what holds for all visitors, $11 and $12: keys and records. */
export const writeStatement = `WITH moved AS (UPDATE profile_drip.memory SET version = version + 1,
    home_ms = $4::bigint, counted_to_ms = $5::bigint, high_ms = $6::bigint, key_check = $7,
    is_made = $8::boolean, all_until_ms = $9::bigint, latest_until_ms = $10::bigint
  WHERE name = $1 AND version = $2::bigint AND id = $3::uuid AND format = ${schemaFormat} RETURNING number),
put AS (INSERT INTO profile_drip.visitor (memory, key, record)
  SELECT moved.number, k.key, k.record
  FROM moved, ROWS FROM (pg_catalog.unnest($11::bytea[]), pg_catalog.unnest($12::bytea[])) AS k(key, record)
  ON CONFLICT (memory, key) DO UPDATE SET record = excluded.record)
${changed}`;

/**
 * Another number: no visitor is remembered, and how many there were costs nothing now. $4 to $6: the time, $7: until when
 * attempts may arrive, $8: id, $9: server, $10: timeline.
 */
export const emptyMemory = `WITH old AS (SELECT number FROM profile_drip.memory WHERE name = $1),
moved AS (UPDATE profile_drip.memory SET version = version + 1, number = DEFAULT, key_check = NULL, is_made = false,
    home_ms = $4::bigint, counted_to_ms = $5::bigint, high_ms = $6::bigint,
    all_until_ms = $7::bigint, latest_until_ms = $7::bigint, id = $8::uuid, server = $9, timeline = $10
  WHERE name = $1 AND version = $2::bigint AND id = $3::uuid RETURNING number),
put AS (INSERT INTO profile_drip.old_memory (number) SELECT old.number FROM old, moved ON CONFLICT DO NOTHING)
${changed}`;

/** Visitors that are not remembered any more, a limited number at once: each statement is short. */
export const sweepVisitors = `WITH gone AS (DELETE FROM profile_drip.visitor v USING (
    SELECT o.memory, o.key FROM profile_drip.visitor o JOIN profile_drip.old_memory n ON n.number = o.memory LIMIT 20000) o
  WHERE v.memory = o.memory AND v.key = o.key RETURNING 1)
SELECT pg_catalog.count(*)::text AS count FROM gone`;

/** Of those without visitors. */
export const sweepNumbers = `DELETE FROM profile_drip.old_memory n
WHERE NOT EXISTS (SELECT 1 FROM profile_drip.visitor v WHERE v.memory = n.number)`;

/** The last visitor of a memory, in the order of keys. $1: name. */
export const lastKeyStatement = `SELECT pg_catalog.encode(v.key, 'hex') AS key FROM profile_drip.visitor v
  JOIN profile_drip.memory m ON m.number = v.memory WHERE m.name = $1 ORDER BY v.key DESC LIMIT 1`;

/** $1 and $2: names. */
export const lockBoth = 'SELECT name FROM profile_drip.memory WHERE name IN ($1, $2) ORDER BY name FOR UPDATE';

/** Once the one of that name is gone. $1: name, $2: the name that it has now. */
export const dropMemory = 'DELETE FROM profile_drip.memory WHERE name = $1';
export const renameMemory = `WITH moved AS (UPDATE profile_drip.memory SET version = version + 1, name = $1 WHERE name = $2 RETURNING number)
${changed}`;

/** $1: name. */
export const sizeStatement = `SELECT (SELECT pg_catalog.count(*)::text FROM profile_drip.visitor v JOIN profile_drip.memory m
  ON m.number = v.memory WHERE m.name = $1) AS visitors,
pg_catalog.pg_total_relation_size('profile_drip.visitor')::text AS bytes`;
