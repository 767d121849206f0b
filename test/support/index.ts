export { atEndOfFile } from './clean-up.js';
export { noDelivery } from './delivery-options.js';
export { type Listening, listen } from './listen.js';
export { type MovedClock, movedClock, settle } from './moved-clock.js';
export { seededRandom } from './seeded-random.js';
export { temporaryFolder } from './temporary-folder.js';
