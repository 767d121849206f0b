export { atEndOfFile } from './clean-up.js';
export { type Listening, listen } from './listen.js';
export { type MovedClock, movedClock, settle } from './moved-clock.js';
export { seededRandom } from './seeded-random.js';
export { temporaryFolder } from './temporary-folder.js';
