import { isLoopbackAddress } from '../endpoint/addresses.js';
import { literalAddress } from '../endpoint/endpoint.js';
import type { ErrorCode, NoticeCode } from '../terms/codes.js';
import { UsageError } from '../terms/errors.js';
import { grouped } from '../text/numbers.js';
import type { Notice } from './notice.js';
import { defaultDailyCap, defaultRatePerSecond, type Settings } from './table.js';

/** What settings say together: each is right by itself, and two may still contradict each other. Pure. */

/**
 * Whether an endpoint may be sent to by http: is decided by its address (endpoint.ts), and not here.
 *
 * @throws UsageError `option-contradiction`, `token-twice`.
 */
export function checkAgreement(settings: Settings, token: string | null): void {
  const contradiction = (message: string) => new UsageError('option-contradiction', message);
  const { endpoint, sandbox, reserve, dailyCap } = settings;
  if (sandbox && endpoint !== null) {
    throw contradiction('--sandbox and --endpoint contradict each other: the sandbox is an endpoint of its own');
  }
  if (reserve >= dailyCap) {
    throw contradiction(`--reserve ${reserve} leaves nothing of --daily-cap ${dailyCap}: expected less than the cap`);
  }
  checkRoutes(settings);
  if (token !== null && settings.tokenFile !== null) {
    const message = 'expected one token; found two: --token-file and PROFILE_DRIP_TOKEN in the environment. Remove one';
    throw new UsageError('token-twice', message);
  }
  if (settings.showValues && !settings.dryRun) {
    throw contradiction('--show-values says what --dry-run shows: give both, or neither');
  }
}

function checkRoutes({ route, onCap, deliveryCap, pace, method }: Settings): void {
  const contradiction = (message: string) => new UsageError('option-contradiction', message);
  if (route === 'update' && onCap !== 'delivery') return;
  if (route === 'delivery' && onCap === 'delivery') {
    throw contradiction(
      '--route delivery and --on-cap delivery contradict each other: with the first, every row goes that way',
    );
  }
  if (onCap === 'delivery' && pace === 'spread') {
    throw contradiction(
      '--on-cap delivery and --pace spread contradict each other: a cap that is spread is never used up at once',
    );
  }
  if (route === 'delivery' && method !== 'post') {
    throw contradiction(`--route delivery and --method ${method} contradict each other: a Delivery request is a POST`);
  }
  if (deliveryCap === null) {
    const given = route === 'delivery' ? '--route delivery' : '--on-cap delivery';
    const message = `${given}: expected also --delivery-cap, the Delivery requests in any rolling 24 hours; found none. They may be billed, so there is no default`;
    throw new UsageError('delivery-cap-missing', message);
  }
}

/** What is allowed, but may be a mistake. */
export function warnings(settings: Settings): Notice[] {
  const notices: Notice[] = [];
  const warn = (code: NoticeCode | ErrorCode, message: string) => notices.push({ level: 'warning', code, message });
  const address = settings.endpoint === null ? null : literalAddress(settings.endpoint);
  const isTrial = settings.sandbox || (address !== null && isLoopbackAddress(address));
  if (isTrial) return notices;
  if (settings.dailyCap > defaultDailyCap) {
    const message = `--daily-cap ${grouped(settings.dailyCap)} is above the ${grouped(defaultDailyCap)} updates in any rolling 24 hours that Adobe documents`;
    warn('daily-cap-above-default', message);
  }
  if (settings.ratePerSecond === 0 || settings.ratePerSecond > defaultRatePerSecond) {
    const rate = settings.ratePerSecond === 0 ? 'no limit' : grouped(settings.ratePerSecond);
    const message = `--rate: ${rate}, above the default of ${defaultRatePerSecond} a second; Adobe documents no rate for this API`;
    warn('rate-above-default', message);
  }
  return notices;
}
