import { mkdirSync, writeFileSync } from 'node:fs';
import { helpPages } from './help-pages.js';

/** A step of the build: writes the help pages beside cli.js, into `help/`. */

const folder = new URL('../../help/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of helpPages()) writeFileSync(new URL(`${name}.txt`, folder), text);
