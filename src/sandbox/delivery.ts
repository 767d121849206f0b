import type { Parameter } from './form.js';
import { readForm } from './form.js';
import type { IdType } from './update.js';

/** A request of the Delivery API, as far as the sandbox looks at it. Pure. */

export type ReadDelivery =
  | {
      readonly kind: 'delivery';
      readonly clientCode: string;
      readonly sessionId: string;
      readonly idType: IdType;
      readonly id: string;
      /** Of all notifications, in their order. */
      readonly attributes: readonly Parameter[];
      readonly notificationIds: readonly string[];
      readonly userAgent: string | null;
    }
  | { readonly kind: 'refused'; readonly httpStatus: number; readonly message: string };

/** Adobe's documentation: 60 MB, 413 beyond. */
export const deliveryBytesMax = 60_000_000;
/** Adobe's documentation and specification. */
const thirdPartyIdMax = 256;
const tntIdMax = 128;
const notificationsMax = 50;
const parametersMax = 50;
const nameMax = 128;
const valueMax = 256;
/** Printable, without space, `?`, `{`, `}` and `/`. */
const sessionIdForm = /^[!-~]{1,128}$/;
const noSessionId = /[?{}/]/;
const channels: readonly unknown[] = ['web', 'mobile'];

type Fields = Readonly<Record<string, unknown>>;
class Refused extends Error {}

/** `body`: one character a byte. */
export function readDelivery(query: string, body: string, userAgentHeader: string | undefined): ReadDelivery {
  try {
    return readRequest(query, body, userAgentHeader);
  } catch (error) {
    if (error instanceof Refused) return { kind: 'refused', httpStatus: 400, message: error.message };
    throw error;
  }
}

function readRequest(query: string, body: string, userAgentHeader: string | undefined): ReadDelivery {
  const parameters = new Map(readForm(query) ?? []);
  const clientCode = parameters.get('client') ?? '';
  if (clientCode === '') throw new Refused('client is missing');
  const sessionId = parameters.get('sessionId') ?? '';
  if (!sessionIdForm.test(sessionId) || noSessionId.test(sessionId)) throw new Refused('Invalid session id');
  const request = fieldsOf(jsonOf(body), 'The body');
  const context = fieldsOf(request.context, 'context');
  if (!channels.includes(context.channel)) throw new Refused('context.channel is web or mobile');
  const notifications = listOf(request.notifications, 'notifications');
  if (notifications.length > notificationsMax) throw new Refused(`At most ${notificationsMax} notifications`);
  const read = notifications.map(readNotification);
  return {
    kind: 'delivery',
    clientCode,
    sessionId,
    ...readId(fieldsOf(request.id, 'id')),
    attributes: read.flatMap(({ attributes }) => attributes),
    notificationIds: read.map(({ id }) => id),
    userAgent: typeof context.userAgent === 'string' ? context.userAgent : (userAgentHeader ?? null),
  };
}

function readId({ tntId, thirdPartyId }: Fields): { readonly idType: IdType; readonly id: string } {
  // assumed: one of the two. The specification takes both, to join them, which no row of a file asks for.
  if ((tntId === undefined) === (thirdPartyId === undefined))
    throw new Refused('expected one of tntId and thirdPartyId');
  if (thirdPartyId === undefined) return { idType: 'pcId', id: textOf(tntId, 'id.tntId', tntIdMax) };
  return { idType: 'thirdPartyId', id: textOf(thirdPartyId, 'id.thirdPartyId', thirdPartyIdMax) };
}

function readNotification(value: unknown): { readonly id: string; readonly attributes: readonly Parameter[] } {
  const { id, type, timestamp, mbox, profileParameters } = fieldsOf(value, 'A notification');
  if (type !== 'display' && type !== 'click') throw new Refused('A notification is of type display or click');
  if (typeof timestamp !== 'number' || !Number.isSafeInteger(timestamp)) throw new Refused('timestamp is a number');
  textOf(fieldsOf(mbox, 'mbox').name, 'mbox.name', 250);
  const parameters = Object.entries(
    profileParameters === undefined ? {} : fieldsOf(profileParameters, 'profileParameters'),
  );
  if (parameters.length > parametersMax) throw new Refused(`At most ${parametersMax} profile parameters`);
  const attributes = parameters.map(([name, text]): Parameter => {
    textOf(name, 'A parameter name', nameMax);
    return [name, textOf(text, 'A parameter value', valueMax)];
  });
  return { id: textOf(id, 'A notification id', 200), attributes };
}

/** assumed: characters are code points */
function textOf(value: unknown, what: string, charactersMax: number): string {
  if (typeof value !== 'string' || value === '') throw new Refused(`${what} is missing`);
  if ([...value].length > charactersMax) throw new Refused(`${what} has over ${charactersMax} characters`);
  return value;
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refused(`${what} is not an object`);
  return Object.fromEntries(Object.entries(value));
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Refused(`${what} is not a list`);
  return value;
}

function jsonOf(body: string): unknown {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(body, 'latin1')));
    return value;
  } catch {
    throw new Refused('The body is not JSON in UTF-8');
  }
}

/** assumed: which user agents Target takes for a robot's. Its own list is not public. */
export function isRobot(userAgent: string | null): boolean {
  return userAgent === null || !/^Mozilla\//.test(userAgent) || /bot|crawl|spider|slurp|headless/i.test(userAgent);
}
