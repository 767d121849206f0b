import { harmless } from '../text/sanitize.js';

/** What CI systems read in a job's output: groups that fold, annotations, a table in the job's summary. Pure. */

/** The longest path that systems take. */
const lengthMax = 4_096;

export type CiSystem = 'github' | 'gitlab';

export function ciSystem(environment: Readonly<Record<string, string | undefined>>): CiSystem | null {
  if (environment.GITHUB_ACTIONS === 'true') return 'github';
  return environment.GITLAB_CI === 'true' ? 'gitlab' : null;
}

/** Whatever a file's name or a message holds, it stays on its line and acts on no screen that shows the log. */
function shown(text: string): string {
  return harmless(text, lengthMax);
}

/** GitHub's documentation, "Workflow commands": what follows `::` is data, and ends with its line. */
function githubData(text: string): string {
  return shown(text).replaceAll('%', '%25');
}

/** In a property a comma and a colon would end it. */
function githubProperty(text: string): string {
  return githubData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** The line that opens a group; `key` tells groups apart. */
export function groupStart(system: CiSystem, key: string, title: string, wallMs: number): string {
  if (system === 'github') return `::group::${githubData(title)}\n`;
  // GitLab's documentation, "Custom collapsible sections".
  const name = `${gitlabKey(key)}[collapsed=true]`;
  return `\u001b[0Ksection_start:${Math.floor(wallMs / 1000)}:${name}\r\u001b[0K${shown(title)}\n`;
}

export function groupEnd(system: CiSystem, key: string, wallMs: number): string {
  if (system === 'github') return '::endgroup::\n';
  return `\u001b[0Ksection_end:${Math.floor(wallMs / 1000)}:${gitlabKey(key)}\r\u001b[0K\n`;
}

/** Letters, digits, `.`, `_`, `-` are all that a section's name takes. */
function gitlabKey(key: string): string {
  return key.replaceAll(/[^A-Za-z0-9._-]/g, '_');
}

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
  /** Where it is shown; `null`: at the job alone. */
  readonly place: { readonly file: string; readonly lineNumber: number | null } | null;
}

/** GitHub shows it beside the file; GitLab knows no such line, so nothing is said there. */
export function annotationLine(system: CiSystem, { level, title, message, place }: Annotation): string | null {
  if (system !== 'github') return null;
  const properties = [
    ...(place === null ? [] : [`file=${githubProperty(place.file)}`]),
    ...(place === null || place.lineNumber === null ? [] : [`line=${place.lineNumber}`]),
    `title=${githubProperty(title)}`,
  ];
  return `::${level} ${properties.join(',')}::${githubData(message)}\n`;
}

/** A table in Markdown; the first row is its head. Nothing in a cell can end it, or be taken for HTML or a link. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows.map((cells) => `| ${cells.map(markdownCell).join(' | ')} |`);
  const columnCount = rows[0]?.length ?? 0;
  return [head, `|${' --- |'.repeat(columnCount)}`, ...body, ''].join('\n');
}

function markdownCell(text: string): string {
  return shown(text).replaceAll(/[\\`*_[\]<>|#~&!]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
