import { describe, expect, it } from 'vitest';
import { sendBatch } from '../../src/index.js';
import { tokenMistake, tokenOfFile } from '../../src/terms/token-text.js';

const secret = 'sEcReT9876';

describe('a token as people write it', () => {
  it.each([
    ['', 'nothing'],
    [' \n', 'nothing'],
    [`"${secret}"`, 'quotes'],
    [`'${secret}'`, 'quotes'],
    [`\u201c${secret}\u201d`, 'quotes'],
    [`TOKEN=${secret}`, 'NAME=value'],
    [`export PROFILE_DRIP_TOKEN="${secret}"`, 'NAME=value'],
    [`Bearer ${secret}`, 'the word Bearer'],
    [`Authorization: Bearer ${secret}`, 'a whole header'],
    [`{"accessToken": "${secret}"}`, 'JSON'],
    [`${secret}\n`, 'a line end'],
    [`${secret}\r\n`, 'a line end'],
    [`${secret}\n${secret}`, 'several lines'],
    [` ${secret}`, 'blanks around it'],
    [`${secret} ${secret}`, 'blanks in it'],
    [`\ufeff${secret}`, 'a byte order mark'],
    [[...secret].join('\0'), 'UTF-16'],
    [`${secret}é`, 'ASCII'],
    [`${secret}\u0007`, 'ASCII'],
  ])('is told for what it is, without it: %j', (text, found) => {
    expect(tokenMistake(text)).toContain(found);
    expect(tokenMistake(text)).not.toMatch(/sEcReT|9876/);
  });

  it.each([secret, 'eyJhbGciOiJIUzI1NiJ9.e30.x_-~+/', 'YWJj==', 'a='])('may be %j', (text) => {
    expect(tokenMistake(text)).toBeNull();
  });

  it('has no line end that is the file’s', () => {
    expect(tokenOfFile(`${secret} \r\n\n`)).toBe(secret);
    expect(tokenMistake(tokenOfFile(`\n${secret}\n`))).not.toBeNull();
  });

  it('is refused at once from a library’s caller, before a file is looked at', async () => {
    const error: unknown = await sendBatch('missing.csv', { clientCode: 'acme', token: `${secret}\n` }).catch((e) => e);
    expect(error).toMatchObject({ code: 'token-characters', exitStatus: 2 });
    expect(String(error)).toContain('a line end');
    expect(String(error)).not.toContain(secret);
  });
});
