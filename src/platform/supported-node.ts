/**
 * Which Node.js the program runs on. This file and cli.ts are read by any Node.js that can read a module at all (12 on):
 * nothing newer than ES2019 stands in them, and nothing else is loaded before they have spoken.
 */

/** As `engines` in package.json. */
const minimum = { major: 20, minor: 19 };

/** What to tell a user of an older Node.js, or `null`. `version`: of `process.versions.node`. */
export function unsupportedNode(version: string, path: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > minimum.major || (major === minimum.major && minor >= minimum.minor)) return null;
  const expected = `${minimum.major}.${minimum.minor}`;
  return `profile-drip: expected Node.js ${expected} or later; found ${version} at ${path}. Install a newer Node.js (https://nodejs.org), or put it first in PATH\n`;
}
