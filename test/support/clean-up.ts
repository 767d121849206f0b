/** What a test file started is ended when the file is done, the latest first; also if the file throws. */

const endings: (() => Promise<void>)[] = [];

/** For `end-of-file.ts` alone. */
export async function endAll(): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end();
}

/** Runs `end` when the test file that is running is done. `end` must bear being called for what has ended already. */
export function atEndOfFile(end: () => Promise<void>): void {
  endings.push(end);
}
