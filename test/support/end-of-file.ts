import { afterAll } from 'vitest';
import { endAll } from './clean-up.js';

/** Read anew for each test file (`setupFiles`), unlike what test files import. */
afterAll(endAll);
