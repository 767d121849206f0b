import { createHash } from 'node:crypto';
import { type Html, html, trusted } from './html.js';

/** What a page is put together from. */
export interface PageParts {
  readonly title: string;
  readonly style: string;
  readonly body: Html;
  /** Scripts that run, in their order. */
  readonly scripts: readonly string[];
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Only these very scripts and this very style; nothing is ever fetched, sent or framed. */
function policy(scripts: readonly string[], style: string): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.length === 0 ? "'none'" : scripts.map(hashSource).join(' ')}`,
    `style-src ${hashSource(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** The whole page: one file that needs nothing beside it. */
export function pageOf({ title, style, body, scripts }: PageParts): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(scripts, style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}: profile-drip report</title>
<style>${trusted(style)}</style>
</head>
<body>
${body}${scripts.map((script) => html`<script>${trusted(script)}</script>\n`)}</body>
</html>
`.markup;
}
