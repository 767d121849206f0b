import type { TryOutcome } from '../../terms/outcome.js';
import { type Answer, classifyBy, type JudgedReply, refused, retry, stop, wordsOf } from '../classify.js';
import { readRetryAfter } from '../retry-after.js';
import { notificationIds } from './delivery-request.js';
import type { RoutedRow } from './route.js';

/** What the Delivery API answers. Pure. */

/** A row is submitted when the reply names each of its notifications: one that it does not name was not processed. */
export function judgeDelivery({ rowNumber, form }: RoutedRow, reply: JudgedReply, nowWallMs: number): TryOutcome {
  const read = (answer: Answer) => readAnswer(answer, notificationIds(rowNumber, attributeCount(form)), nowWallMs);
  return classifyBy({ read, words }, reply, nowWallMs);
}

function attributeCount(form: string): number {
  let count = 0;
  for (let at = form.indexOf('&'); at >= 0; at = form.indexOf('&', at + 1)) count += 1;
  return count;
}

/** As others have seen it (`Mbox host '' is not authorized`), and as the specification has it. */
const hostRefused = /mbox host .* is not authori[sz]ed/is;
const propertyRefused = /invalid property token/i;

function readAnswer(answer: Answer, ids: readonly string[], nowWallMs: number): TryOutcome | null {
  const { httpStatus, body } = answer;
  if (httpStatus === 200) return readBody(answer, ids, nowWallMs);
  if (httpStatus < 400 || httpStatus > 499) return null;
  const text = words(body);
  if (httpStatus === 420) {
    // Documented: over 100 in flight of one session. It is of this visitor alone.
    return retry(httpStatus, 'session-busy', 'session-busy', text, readRetryAfter(answer.retryAfter, nowWallMs));
  }
  if (text !== null && hostRefused.test(text)) return stop(httpStatus, 'unauthorized', 'delivery-host', text);
  if (text !== null && propertyRefused.test(text)) return stop(httpStatus, 'unauthorized', 'delivery-property', text);
  return null;
}

function readBody({ httpStatus, body, retryAfter }: Answer, ids: readonly string[], nowWallMs: number): TryOutcome {
  const again = (code: 'not-understood' | 'not-processed', text: string | null) =>
    retry(httpStatus, code, 'not-understood', text, readRetryAfter(retryAfter, nowWallMs));
  const reply = asObject(parsed(body));
  if (reply === null) return again('not-understood', wordsOf(body) ?? 'an empty body');
  const { status, requestId, message } = reply;
  // Assumed: the status in the body is the one that the reply means.
  if (typeof status === 'number' && status >= 400 && status <= 499)
    return refused(status, 'target-refused', textOf(message));
  const isOwn = typeof requestId === 'string' || typeof status === 'number';
  if (!isOwn || (typeof status === 'number' && status !== 200)) return again('not-understood', textOf(message));
  const processed: unknown[] = Array.isArray(reply.notifications)
    ? reply.notifications.map((one) => asObject(one)?.id)
    : [];
  const missingCount = ids.filter((id) => !processed.includes(id)).length;
  if (missingCount === 0) return { kind: 'submitted', httpStatus };
  return again('not-processed', `${missingCount} of ${ids.length} notifications are not in the reply`);
}

/** The message of an error as JSON; else all of the text. */
function words(body: string): string | null {
  const reply = asObject(parsed(body));
  return reply === null ? wordsOf(body) : textOf(reply.message);
}

function parsed(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return value;
  } catch {
    return null;
  }
}

function asObject(value: unknown): Record<string, unknown> | null {
  return isObject(value) ? value : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
