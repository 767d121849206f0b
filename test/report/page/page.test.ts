import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { RowResult } from '../../../src/job/results/result.js';
import { reportOn, row, writeJob } from '../support/job-on-disk.js';
import { hashSource, type OpenedPage, opened } from '../support/opened-page.js';

async function pageOf(results: readonly RowResult[], stem?: string): Promise<OpenedPage> {
  const files = await writeJob(stem === undefined ? { results } : { results, stem });
  return opened(await readFile((await reportOn(files)).path, 'utf8'));
}

function refusedWith(rowNumber: number, id: string, text: string): RowResult {
  return row(rowNumber, { id, status: 'refused', httpStatus: 400, reason: { code: 'target-refused', text } });
}

describe('a page', () => {
  it('lets only its own scripts and its own style take effect, and nothing be fetched', async () => {
    const { policy, scripts, style } = await pageOf([row(1)]);
    expect(policy.get('default-src')).toEqual(["'none'"]);
    expect(scripts).toHaveLength(2);
    expect(policy.get('script-src')).toEqual(scripts.map(hashSource));
    expect(policy.get('style-src')).toEqual([hashSource(style)]);
    expect([...policy.keys()]).toEqual(['default-src', 'script-src', 'style-src', 'base-uri', 'form-action']);
  });

  it('refers to nothing outside itself', async () => {
    const { html, style } = await pageOf([
      row(1),
      refusedWith(2, 'https://evil.example/', '<img src=//evil.example/x>'),
    ]);
    expect(html).not.toMatch(/<[^>]*\s(?:src|href|action|srcset|data)\s*=/i);
    expect(style).not.toMatch(/url\(|@import/);
  });

  it("carries the charts' library with its licence", async () => {
    const { scripts } = await pageOf([row(1)]);
    expect(scripts[0]).toContain('Permission is hereby granted');
    expect(scripts[0]).toContain('var uPlot=');
  });

  it('shows hostile ids and reasons as text, and reads on after them', async () => {
    const hostile = [
      `</td></table></script><script>alert(1)</script>`,
      `"><img src=x onerror=alert(1)>`,
      `' onmouseover='alert(1)`,
      `<!-- &lt; ]]> \${7} \`x\``,
      `</style><style>*{display:none}`,
    ];
    const page = await pageOf(hostile.map((text, index) => refusedWith(index + 1, text, text)));
    expect(page.scripts).toHaveLength(2);
    expect(page.html).not.toMatch(/<img|<script>alert|<!-- &lt;/);
    expect(page.rejected.map((cells) => cells[2])).toEqual(hostile.map((text) => text.replace(/\s+/g, ' ').trim()));
    expect(page.rejected.at(-1)?.at(-1)).toBe(`target-refused ${hostile.at(-1)}`);
  });

  it('shows a hostile file name as text', async () => {
    const page = await pageOf([row(1)], '<b>"x".csv');
    expect(page.html).toContain('<title>&lt;b&gt;&quot;x&quot;.csv: profile-drip report</title>');
    expect(page.html).not.toContain('<b>"x"');
  });

  it('holds the ids of rows that were not sent and of no others, and says so', async () => {
    const { html } = await pageOf([row(1, { id: 'went-through' }), refusedWith(2, 'did-not', 'x')]);
    expect(html).toContain('did-not');
    expect(html).not.toContain('went-through');
    expect(html).toContain('This page holds the ids of rows that were not sent');
  });

  it('opens each table with headings that name their columns, and each section with its own', async () => {
    const { html } = await pageOf([row(1), refusedWith(2, 'x', 'y')]);
    for (const [table] of html.matchAll(/<table.*?<\/table>/gs))
      expect(table).toMatch(/<thead><tr>.*<th scope="col".*<\/thead>/);
    for (const [, label, heading] of html.matchAll(/<section aria-labelledby="(.*?)".*?<h2 id="(.*?)">/gs))
      expect(label).toBe(heading);
    expect(html).toContain('<html lang="en">');
  });
});
