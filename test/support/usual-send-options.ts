import type { SendOptions } from '../../src/job/terms/options.js';
import { settingsTable } from '../../src/settings/table.js';
import { withDefaults } from '../../src/settings/values.js';

/** The options of a run as the table has them, at no rate, and with what a test says differently. */
export function usualSendOptions(overrides: Partial<SendOptions> & Pick<SendOptions, 'stateDir'>): SendOptions {
  const surroundings = { environment: {}, homeDir: '/home/nobody' };
  const defaults = withDefaults(settingsTable, new Map(), surroundings);
  return { ...defaults, clientCode: 'acme', token: null, ratePerSecond: 0, ...overrides };
}
