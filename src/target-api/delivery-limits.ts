import type { IdType } from './columns.js';
import {
  deliveryAttributesMax,
  deliveryNameCharactersMax,
  deliveryValueCharactersMax,
  tntIdCharactersMax,
} from './limits.js';

/** What the Delivery API takes of a row. Pure. */

/** Code points are never more than UTF-16 units, which cost nothing to count. */
function isLonger(text: string, charactersMax: number): boolean {
  return text.length > charactersMax && [...text].length > charactersMax;
}

export function isNameTooLong(name: string): boolean {
  return isLonger(name, deliveryNameCharactersMax);
}

export function isValueTooLong(value: string): boolean {
  return isLonger(value, deliveryValueCharactersMax);
}

/** Its limit for a thirdPartyId is the update's own. */
export function isTntIdTooLong(idType: IdType, id: string): boolean {
  return idType === 'pcId' && isLonger(id, tntIdCharactersMax);
}

/** Whether a row that was made for single updates is within the limits. `form`: `mbox3rdPartyId=…&profile.a=…`. */
export function isWithinDeliveryLimits(form: string): boolean {
  // What is encoded is never shorter than what it means: most rows need no second look.
  if (form.length <= deliveryNameCharactersMax) return true;
  const [id = '', ...attributes] = form.split('&');
  if (attributes.length > deliveryAttributesMax) return false;
  if (isTntIdTooLong(id.startsWith('mboxPC=') ? 'pcId' : 'thirdPartyId', decoded(id.slice(id.indexOf('=') + 1))))
    return false;
  return attributes.every((pair) => {
    const equals = pair.indexOf('=');
    return (
      !isNameTooLong(decoded(pair.slice('profile.'.length, equals))) && !isValueTooLong(decoded(pair.slice(equals + 1)))
    );
  });
}

function decoded(text: string): string {
  return text.includes('%') ? decodeURIComponent(text) : text;
}
