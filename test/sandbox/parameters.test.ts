import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readForm } from '../../src/sandbox/form.js';
import { readUpdate } from '../../src/sandbox/update.js';

describe('readForm', () => {
  it('reads what any form encoder writes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' }))),
        (pairs) => {
          expect(readForm(new URLSearchParams(pairs).toString())).toEqual(pairs);
        },
      ),
    );
  });

  it.each([
    ['a=%', 'a % at the end'],
    ['a=%zz', 'a % that no hexadecimal digits follow'],
    ['a=%ff', 'bytes that are not UTF-8'],
    ['a=%ed%a0%80', 'half a surrogate pair'],
    ['a=K\u00f6ln', 'a bare byte over 127'],
    ['a=b c', 'a bare space'],
    ['a=b\nc', 'a line end'],
  ])('does not take %j for a form: %s', (text) => {
    expect(readForm(text)).toBeNull();
  });

  it('takes + for a space, an = after the first one for text, and passes over empty parts', () => {
    expect(readForm('&&a+b=c+d=e&f&=g')).toEqual([
      ['a b', 'c d=e'],
      ['f', ''],
      ['', 'g'],
    ]);
  });
});

describe('readUpdate', () => {
  const update = (text: string) => readUpdate(readForm(text) ?? []);

  it('takes one id and the attributes that have a value, their names without the prefix', () => {
    expect(update('mboxPC=123-4.5&profile.a=1&profile.b=&profile.c.d=x&profile.=y&other=z')).toEqual({
      kind: 'update',
      idType: 'pcId',
      id: '123-4.5',
      attributes: [
        ['a', '1'],
        ['c.d', 'x'],
      ],
    });
  });

  it.each([
    ['no id', 'profile.a=1'],
    ['an empty id', 'mboxPC=&profile.a=1'],
    ['both ids', 'mboxPC=1&mbox3rdPartyId=1'],
    ['an id twice', 'mboxPC=1&mboxPC=1'],
    ['an id in another case', 'mboxpc=1'],
    ['a + in a third party id', 'mbox3rdPartyId=a%2Bb'],
    ['a / in a third party id', 'mbox3rdPartyId=a%2Fb'],
    ['an id over 256 characters', `mbox3rdPartyId=${'x'.repeat(257)}`],
  ])('refuses %s', (_what, text) => {
    expect(update(text).kind).toBe('refused');
  });

  it.each([
    ['a + and a / in a pcId', 'mboxPC=a%2Bb%2Fc'],
    ['256 characters, whatever their bytes', `mbox3rdPartyId=${'%F0%9F%8D%8E'.repeat(256)}`],
    ['no attributes', 'mboxPC=1'],
  ])('takes %s', (_what, text) => {
    expect(update(text).kind).toBe('update');
  });
});
