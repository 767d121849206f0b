import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { helpPages } from './help-pages.js';

/** A step of the build: writes the help pages into `help/` and copies the manual into `manual/`, beside cli.js. */

const dist = new URL('../../', import.meta.url);
mkdirSync(new URL('help/', dist), { recursive: true });
for (const [name, text] of helpPages()) writeFileSync(new URL(`help/${name}.txt`, dist), text);
cpSync(new URL('../src/manual/', dist), new URL('manual/', dist), { recursive: true });
