import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { isPostgresMissing, startPostgres } from '../support/postgres.js';
import { certificate, privateKey } from '../target-api/support/loopback-certificate.js';
import { runProgram } from './support/run-program.js';

/** `careful` may log in over TLS alone, and every role but that one in plain text too. The certificate is 127.0.0.1's. */
const hba = `hostssl all careful 127.0.0.1/32 trust
hostnossl all careful 127.0.0.1/32 reject
host all postgres 127.0.0.1/32 trust
`;
const files = { 'server.pem': certificate, 'server.key': privateKey, 'hba.conf': hba };
const withTls = isPostgresMissing
  ? null
  : await startPostgres(
      [
        'fsync=off',
        'ssl=on',
        'ssl_cert_file=FOLDER/server.pem',
        'ssl_key_file=FOLDER/server.key',
        'hba_file=FOLDER/hba.conf',
      ],
      { files },
    );
const withoutTls = isPostgresMissing ? null : await startPostgres(['fsync=off']);
await withTls?.query('postgres', 'CREATE ROLE careful LOGIN SUPERUSER');

const folder = await temporaryFolder();
const caPath = join(folder, 'ca.pem');
await writeFile(caPath, certificate);

/** The place of a user in a URL says whether the connection was encrypted: nobody lets `careful` in otherwise. */
function status(query: string, { host = '127.0.0.1', user = 'careful', environment = {} } = {}) {
  const stateUrl = `postgres://${user}@${host}:${withTls?.port}/postgres${query}`;
  return runProgram(['status', '--state-url', stateUrl], { environment: { HOME: folder, ...environment } });
}

const ca = { PGSSLROOTCERT: caPath };

describe.skipIf(withTls === null)('a state over TLS', () => {
  it.each([
    ['verify-full with its signer', '?sslmode=verify-full', { environment: ca }],
    ['verify-full with its signer in the URL', `?sslmode=verify-full&sslrootcert=${caPath}`, {}],
    ['verify-full from the environment', '', { environment: { ...ca, PGSSLMODE: 'verify-full' } }],
    [
      'verify-full with a signer that Node.js was told of',
      '?sslmode=verify-full',
      { environment: { NODE_EXTRA_CA_CERTS: caPath } },
    ],
    ['verify-ca under another name', '?sslmode=verify-ca', { host: 'localhost', environment: ca }],
    ['require without a signer', '?sslmode=require', { host: 'localhost' }],
    ['prefer', '?sslmode=prefer', {}],
    ['disable, for who may', '?sslmode=disable', { user: 'postgres' }],
    ['plain text to loopback, for who may', '', { user: 'postgres' }],
  ])('works: %s', async (_title, query, options) => {
    expect(await status(query, options)).toMatchObject({ status: 0, stderr: '' });
  });

  it.each([
    ['verify-full without its signer', '?sslmode=verify-full', {}, /SELF_SIGNED_CERT.*PGSSLROOTCERT/],
    [
      'verify-full under another name',
      '?sslmode=verify-full',
      { host: 'localhost', environment: ca },
      /ALTNAME_INVALID.*localhost.*sslmode=verify-ca/,
    ],
    ['verify-ca without its signer', '?sslmode=verify-ca', {}, /SELF_SIGNED_CERT/],
    [
      'plain text to a server that wants TLS',
      '?sslmode=disable',
      {},
      /no encryption.*over TLS alone.*sslmode=verify-full/,
    ],
    ['the default to a server that wants TLS', '', {}, /no encryption.*over TLS alone/],
    [
      'a signer that cannot be read',
      '?sslmode=verify-full',
      { environment: { PGSSLROOTCERT: '/none.pem' } },
      /sslrootcert: expected a readable file/,
    ],
  ])('is refused: %s', async (_title, query, options, words) => {
    const run = await status(query, options);
    expect(run).toMatchObject({ status: 6, stdout: '' });
    expect(run.stderr.replace(/\s+/g, ' ')).toMatch(words);
  });

  it.each(['require', 'verify-full'])('is refused by a server that offers none: %s', async (mode) => {
    const stateUrl = `postgres://postgres@127.0.0.1:${withoutTls?.port}/postgres?sslmode=${mode}`;
    const run = await runProgram(['status', '--state-url', stateUrl], { environment: { HOME: folder } });
    expect(run).toMatchObject({ status: 6, stderr: expect.stringContaining('found a server without TLS') });
  });
});
