import { describe, expect, it } from 'vitest';
import { escapeText, html, scriptJson, trusted } from '../../../src/report/page/html.js';

describe('text on a page', () => {
  it.each([
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['" onmouseover="x', '&quot; onmouseover=&quot;x'],
    ["it's & that's", 'it&#39;s &amp; that&#39;s'],
    ['&lt;', '&amp;lt;'],
    ['a\u0000b\u001bc', 'a[U+0000]b[U+001B]c'],
    ['abc\u202etxt.exe', 'abc[U+202E]txt.exe'],
    ['東京 🎉 Ünï', '東京 🎉 Ünï'],
  ])('shows %j as it is', (text, markup) => {
    expect(escapeText(text)).toBe(markup);
  });

  it('is escaped wherever it is put in, in lists too, and markup is not', () => {
    const item = (text: string) => html`<li>${text}</li>`;
    expect(html`<ul title="${'"'}">${['<a>', '<b>'].map(item)}${trusted('<hr>')}${null}${7}</ul>`.markup).toBe(
      '<ul title="&quot;"><li>&lt;a&gt;</li><li>&lt;b&gt;</li><hr>7</ul>',
    );
  });

  it('cannot end the script element that it stands in as JSON, and reads back the same', () => {
    const value = { text: '</script><!--\u2028\u2029&amp;' };
    const { markup } = scriptJson(value);
    expect(markup).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(markup)).toEqual(value);
  });
});
