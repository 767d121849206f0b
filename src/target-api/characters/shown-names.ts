/**
 * Names of columns on screens, in logs and in messages. Where a file has no header its first row is taken for one, and
 * a person's data for names: so only what looks like a name is shown.
 */
const nameLike = /^[\p{L}\p{N}_.-]{1,64}$/u;

export function looksLikeName(name: string): boolean {
  return nameLike.test(name);
}

/** `"tier"`, or `column 3`. `index`: from 0. */
export function shownColumn(name: string, index: number): string {
  return looksLikeName(name) ? `"${name}"` : `column ${index + 1}`;
}

/** Names to choose from; those that do not look like names are counted. */
export function shownColumns(names: readonly string[], countMax: number): string {
  const shown = names.filter(looksLikeName);
  const listed = shown.slice(0, countMax).map((name) => `"${name}"`);
  const others = names.length - listed.length;
  if (listed.length === 0) return 'no name is shown, because none looks like a name. Does this file have a header?';
  return `the names are ${listed.join(', ')}${others === 0 ? '' : ` and ${others} more`}.`;
}
