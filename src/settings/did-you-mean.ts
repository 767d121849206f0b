/** Which of the names a user may have meant. */

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      let best = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (isSwap) best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}

/** Case, `_` and `-` do not tell names apart here: `clientCode` and `CLIENT_CODE` are near to `client-code`. */
function plain(name: string): string {
  return name.replace(/[-_]/g, '').toLowerCase();
}

/** The name nearest to what was given, or `null` where none is near: nearly half of its letters would have to change. */
export function nearest(given: string, names: readonly string[]): string | null {
  const wanted = plain(given);
  let best: { readonly name: string; readonly distance: number } | null = null;
  for (const name of names) {
    const candidate = plain(name);
    const distance = candidate.startsWith(wanted) && wanted.length >= 3 ? 0.5 : editDistance(wanted, candidate);
    if (distance <= Math.max(1, candidate.length * 0.45) && (best === null || distance < best.distance)) {
      best = { name, distance };
    }
  }
  return best?.name ?? null;
}

/** `; did you mean <name>?`, or nothing. */
export function didYouMean(given: string, names: readonly string[], show: (name: string) => string): string {
  const name = nearest(given, names);
  return name === null ? '' : `; did you mean ${show(name)}?`;
}
