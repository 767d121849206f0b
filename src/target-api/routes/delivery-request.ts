import { hash } from 'node:crypto';
import type { OutgoingTry } from '../../platform/ports.js';
import type { IdType } from '../columns.js';
import { notificationAttributesMax } from '../limits.js';
import type { RoutedRow } from './route.js';

/** Requests of the Delivery API: one visitor, and as many notifications as the row's attributes need. Pure. */

export interface DeliveryRequestOptions {
  readonly clientCode: string;
  readonly timeoutMs: number;
  /** `context.browser.host`; `null`: none is named. */
  readonly host: string | null;
  /** The mbox that the notifications speak of. */
  readonly mbox: string;
  /** `property.token`; `null`: none. */
  readonly property: string | null;
  /** Wins over the header of the same name. Target stores nothing for one that it takes for a robot's. */
  readonly userAgent: string;
}

export function makeDeliveryRequest(
  options: DeliveryRequestOptions,
): (row: RoutedRow, nowWallMs: number) => OutgoingTry {
  const { clientCode, timeoutMs, host, property, userAgent } = options;
  const path = `/rest/v1/delivery?client=${encodeURIComponent(clientCode)}&sessionId=`;
  const mbox = ascii(JSON.stringify({ name: options.mbox }));
  const context = { channel: 'web', ...(host === null ? {} : { browser: { host } }), userAgent };
  const about = ascii(JSON.stringify({ context, ...(property === null ? {} : { property: { token: property } }) }));
  return ({ form, rowNumber }, nowWallMs) => {
    const { idType, id, attributes } = readForm(form);
    const notifications = notificationIds(rowNumber, attributes.length).map((notificationId, index) => {
      const from = index * notificationAttributesMax;
      const parameters = attributes.slice(from, from + notificationAttributesMax).join(',');
      return `{"id":"${notificationId}","type":"display","timestamp":${nowWallMs},"mbox":${mbox},"profileParameters":{${parameters}}}`;
    });
    const visitor = `"id":{"${idType === 'pcId' ? 'tntId' : 'thirdPartyId'}":${ascii(JSON.stringify(id))}}`;
    return {
      method: 'POST',
      path: path + sessionId(clientCode, idType, id),
      body: `{${visitor},${about.slice(1, -1)},"notifications":[${notifications.join(',')}]}`,
      isJson: true,
      authorization: null,
      timeoutMs,
    };
  };
}

/**
 * One for each visitor and kept for good: another one within 30 minutes would give unpredictable changes. So it is made
 * without a key, and is the same in every run and on every machine. Hexadecimal, 64 characters: what a session id may be.
 */
export function sessionId(clientCode: string, idType: IdType, id: string): string {
  return hash('sha256', `${clientCode.toLowerCase()}\n${idType}\n${id}`);
}

/** The ids of a row's notifications: the same at each attempt, and another row's are others. */
export function notificationIds(rowNumber: number, attributeCount: number): string[] {
  const count = Math.ceil(attributeCount / notificationAttributesMax);
  return Array.from({ length: count }, (_, index) => `row-${rowNumber}-${index + 1}`);
}

interface Visitor {
  readonly idType: IdType;
  readonly id: string;
  /** `"name":"value"`, as JSON, ASCII. Text, because an object would sort names that are numbers, and lose `__proto__`. */
  readonly attributes: readonly string[];
}

function readForm(form: string): Visitor {
  const [first = '', ...pairs] = form.split('&');
  const attributes = pairs.map((pair) => {
    const equals = pair.indexOf('=');
    return `${jsonOf(pair.slice('profile.'.length, equals))}:${jsonOf(pair.slice(equals + 1))}`;
  });
  const equals = first.indexOf('=');
  const idType = first.slice(0, equals) === 'mboxPC' ? 'pcId' : 'thirdPartyId';
  return { idType, id: decodeURIComponent(first.slice(equals + 1)), attributes };
}

function jsonOf(encoded: string): string {
  return encoded.includes('%') ? ascii(JSON.stringify(decodeURIComponent(encoded))) : `"${encoded}"`;
}

const beyondAscii = /[\u007f-\uffff]/;

/** JSON in which every character beyond ASCII is escaped: its length is its bytes. */
function ascii(json: string): string {
  if (!beyondAscii.test(json)) return json;
  return json.replaceAll(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
