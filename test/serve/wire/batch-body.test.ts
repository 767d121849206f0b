import { describe, expect, it } from 'vitest';
import { BatchBody, RowCounter } from '../../../src/serve/wire/batch-body.js';

function taken(chunks: readonly Buffer[], needsName = true): string {
  const body = new BatchBody(needsName);
  return Buffer.concat([...chunks.map((chunk) => body.add(chunk)), body.end()]).toString('latin1');
}

/** The text in two pieces, parted at each place; and byte by byte. */
function cuts(text: string): Buffer[][] {
  const bytes = Buffer.from(text, 'latin1');
  const inTwo = Array.from(bytes, (_byte, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
  return [...inTwo, Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1))];
}

const file = 'batch=thirdPartyId,city\n1,K%C3%B6ln\n2,100%25+\n';

describe('a body', () => {
  it.each([
    ['as it is', file],
    ['with CR LF', file.replaceAll('\n', '\r\n')],
    ['with CR', file.replaceAll('\n', '\r')],
    ['without a last line end', file.trimEnd()],
    ['with a byte order mark', `\u00ef\u00bb\u00bf${file}`],
    ['of a header alone', 'batch=thirdPartyId,city'],
    ['with encoded line ends in its cells', 'batch=pcId,a\n1,x%0Ay\n'],
    ['with bytes that are not text', 'batch=pcId,a\n1,\u00ff\u0000&b=c\n'],
  ])('%s is the file, however it is cut', (_what, text) => {
    for (const chunks of cuts(text)) expect(taken(chunks)).toBe(text);
  });

  it.each([
    ['the value of a form', `batch=${encodeURIComponent(file.slice('batch='.length))}`],
    ['the value of a form with its own name in it', `batch=${encodeURIComponent(file)}`],
    ['a form with a parameter after it', `batch=${encodeURIComponent(file)}&mboxPC=1%0A`],
    ['as java.net.URLEncoder makes it', `batch=${encodeURIComponent(file).replaceAll('%20', '+')}`],
    ['with small hex digits', `batch=${encodeURIComponent(file).replace(/%../g, (digits) => digits.toLowerCase())}`],
  ])('%s is decoded once, however it is cut', (_what, text) => {
    for (const chunks of cuts(text)) expect(taken(chunks)).toBe(file);
  });

  it('that is a form longer than what is looked at first is decoded to its end', () => {
    const long = `batch=pcId,a\n${'1,x\n'.repeat(30_000)}`;
    const bytes = Buffer.from(`batch=${encodeURIComponent(long)}`);
    const chunks = [];
    for (let at = 0; at < bytes.length; at += 1001) chunks.push(bytes.subarray(at, at + 1001));
    expect(taken(chunks)).toBe(long);
  });

  it.each([
    ['', 'empty'],
    ['thirdPartyId,city\n1,x\n', 'not-a-batch'],
    ['{"batch":1}', 'not-a-batch'],
    [`batch=${'a'.repeat(70_000)}`, 'no-line-end'],
    ['batch=pcId%2Ca%0A1%2', 'form-broken'],
    ['batch=pcId%2Ca%0A1%zz', 'form-broken'],
  ])('%j is refused', (text, code) => {
    expect(() => taken([Buffer.from(text)])).toThrow(expect.objectContaining({ code }));
  });

  it('of a file part need not begin with the name', () => {
    expect(taken([Buffer.from('pcId,a\n1,x\n')], false)).toBe('pcId,a\n1,x\n');
  });
});

describe('the rows of a batch', () => {
  it.each([
    ['h\n1\n2\n', 2],
    ['h\r\n1\r\n2', 2],
    ['h\r1\r2\r', 2],
    ['\n\nh\n\n1\n\r\n\n', 1],
    ['h', 0],
    ['', 0],
  ])('%j are %i, however it is cut', (text, count) => {
    for (const chunks of cuts(text)) {
      const counter = new RowCounter();
      for (const chunk of chunks) counter.add(chunk);
      expect(counter.rowCount).toBe(count);
    }
  });
});
