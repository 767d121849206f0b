/** `npm run manual`: writes the pages of the manual that are made from the source. The suite fails while one is stale. */
import { writeFileSync } from 'node:fs';
import { errorsPage } from '../../dist/commands/line/errors-page.js';
import { optionsPage } from '../../dist/commands/line/options-page.js';

const manual = new URL('../../src/manual/', import.meta.url);
writeFileSync(new URL('errors.md', manual), errorsPage());
writeFileSync(new URL('options.md', manual), optionsPage());
