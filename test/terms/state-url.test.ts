import { describe, expect, it } from 'vitest';
import { isLoopbackAddress } from '../../src/ledger/postgres/connect.js';
import { targetOf } from '../../src/ledger/postgres/open-postgres.js';
import { passwordIn } from '../../src/ledger/postgres/pass-file.js';
import { readStateUrl, withoutPassword } from '../../src/terms/state-url.js';

describe('the URL of a state', () => {
  it.each([
    ['postgres://db/cap', { host: 'db', port: 5432, database: 'cap', user: null, password: null }],
    [
      'postgresql://me:p%40ss@db:6432/cap?sslmode=require',
      { port: 6432, user: 'me', password: 'p@ss', sslMode: 'require' },
    ],
    ['postgres:///cap?host=/var/run/postgresql', { host: '/var/run/postgresql', database: 'cap' }],
    ['postgres://[::1]/cap?user=me&password=x', { host: '::1', user: 'me', password: 'x' }],
  ])('%s', (text, url) => {
    expect(readStateUrl(text)).toMatchObject({ kind: 'url', url });
  });

  it.each([
    'cap',
    'http://db/cap',
    'postgres://db',
    'postgres:///cap',
    'postgres://db/cap?sslmode=maybe',
    'postgres://db/cap?options=-c',
    'postgres://me:pa#ss@db/cap',
    'postgres://me:100%@db/cap',
    'postgres://a,b/cap',
  ])('is not %s, and the message repeats nothing of it', (text) => {
    const reading = readStateUrl(text);
    expect(reading.kind).toBe('wrong');
    expect(JSON.stringify(reading)).not.toMatch(/pa#ss|100%@/);
  });

  it('is shown without its password', () => {
    expect(withoutPassword('postgres://me:geheim@db/cap?sslmode=require')).toBe('postgres://me@db/cap?sslmode=require');
    expect(withoutPassword('postgres://me@db/cap?password=geheim')).toBe('postgres://me@db/cap');
  });
});

describe('the way to the database', () => {
  it('is TLS with a verified certificate and name, unless sslmode or a loopback address says otherwise', async () => {
    const tls = async (url: string, environment = {}) => (await targetOf(url, environment)).tls;
    expect(await tls('postgres://me@db/cap')).toEqual({ kind: 'by-address', ca: null });
    const plain = { kind: 'plain' };
    expect(await tls('postgres://me@db/cap?sslmode=disable')).toEqual(plain);
    expect(await tls('postgres://me@db/cap', { PGSSLMODE: 'disable' })).toEqual(plain);
    for (const mode of ['allow', 'prefer', 'require']) {
      expect(await tls(`postgres://me@db/cap?sslmode=${mode}`)).toMatchObject({ kind: 'tls', isVerified: false });
    }
    const full = { kind: 'tls', isVerified: true, checksName: true };
    expect(await tls('postgres://me@db/cap?sslmode=verify-full', { PGSSLMODE: 'disable' })).toMatchObject(full);
    await expect(tls('postgres://me@db/cap', { PGSSLMODE: 'some' })).rejects.toMatchObject({ code: 'state-url' });
    const missing = { PGSSLROOTCERT: '/nowhere.pem' };
    await expect(tls('postgres://me@db/cap', missing)).rejects.toMatchObject({ code: 'state-tls', exitStatus: 6 });
  });

  it('is loopback by what the address says', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '/run/postgresql'].every(isLoopbackAddress)).toBe(
      true,
    );
    expect(['10.0.0.1', '::', '1.127.0.0', '::ffff:10.0.0.1'].some(isLoopbackAddress)).toBe(false);
  });

  it('takes the password of the URL before PGPASSWORD', async () => {
    const password = async (url: string) => (await targetOf(url, { PGPASSWORD: 'env' })).password();
    expect(await password('postgres://me:url@db/cap')).toBe('url');
    expect(await password('postgres://me@db/cap')).toBe('env');
  });
});

describe('~/.pgpass', () => {
  const key = { host: 'db', port: 5432, database: 'cap', user: 'me' };
  it.each([
    ['db:5432:cap:me:one', 'one'],
    ['# db:5432:cap:me:no\n*:*:*:*:any', 'any'],
    ['db:5432:other:me:no\ndb:*:cap:me:a\\:b\\\\c', 'a:b\\c'],
    ['db:5432:cap:me:with:colon\r\n', 'with:colon'],
    ['db:5432:cap:you:no', null],
    ['', null],
  ])('%j', (content, password) => {
    expect(passwordIn(content, key)).toBe(password);
  });

  it('names a socket localhost', () => {
    expect(passwordIn('localhost:*:*:*:x', { ...key, host: '/run' })).toBe('x');
  });
});
