import type { PassEnd } from './pass.js';

/** How the work on one content of FILE ended. */
export type WorkEnd = Pick<PassEnd, 'stop' | 'exitStatus'>;
