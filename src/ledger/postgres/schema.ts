/** The tables in PostgreSQL, and the SQL that creates them. */

export const schemaFormat = 1;

export const tables = ['meta', 'ledger', 'bucket', 'draw'] as const;

/** What a role needs that does not own the tables; `ROLE` is to be replaced. */
const grants = [
  'GRANT USAGE ON SCHEMA profile_drip TO ROLE;',
  `GRANT SELECT, INSERT, UPDATE, DELETE ON ${tables.map((table) => `profile_drip.${table}`).join(', ')} TO ROLE;`,
];

export const createStatements: readonly string[] = [
  'CREATE SCHEMA IF NOT EXISTS profile_drip',
  `CREATE TABLE IF NOT EXISTS profile_drip.meta (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  format integer NOT NULL
)`,
  `CREATE TABLE IF NOT EXISTS profile_drip.ledger (
  name text PRIMARY KEY,
  format integer NOT NULL,
  id uuid NOT NULL,
  version bigint NOT NULL,
  server text NOT NULL,
  timeline text NOT NULL,
  ledger_ms bigint,
  counted_to_ms bigint,
  high_ms bigint,
  cap_limit bigint,
  reserve bigint,
  used bigint,
  first_index bigint NOT NULL DEFAULT 0,
  next_index bigint NOT NULL DEFAULT 0,
  open text
)`,
  `CREATE TABLE IF NOT EXISTS profile_drip.bucket (
  ledger text NOT NULL,
  index bigint NOT NULL,
  number bigint NOT NULL,
  units bigint NOT NULL,
  used_at_ms bigint NOT NULL,
  free_at_ms bigint NOT NULL,
  PRIMARY KEY (ledger, index)
)`,
  `CREATE TABLE IF NOT EXISTS profile_drip.draw (
  ledger text NOT NULL,
  client uuid NOT NULL,
  number bigint NOT NULL,
  answer text NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (ledger, client)
)`,
  `INSERT INTO profile_drip.meta (format) VALUES (${schemaFormat}) ON CONFLICT DO NOTHING`,
];

/** For an administrator: `profile-drip state --print-sql`. */
export function schemaSql(): string {
  return [
    '-- The tables of profile-drip: the ledger of the daily cap. Run it in the database that --state-url names.',
    'BEGIN;',
    ...createStatements.map((statement) => `${statement};`),
    'COMMIT;',
    '-- Then, for the role that the program logs in as:',
    ...grants.map((grant) => `-- ${grant}`),
    '',
  ].join('\n');
}
