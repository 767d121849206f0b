import type { Parameter } from './form.js';

export type IdType = 'pcId' | 'thirdPartyId';

export type ReadUpdate =
  | {
      readonly kind: 'update';
      readonly idType: IdType;
      readonly id: string;
      /** In the request's order, without the ones that are empty. */
      readonly attributes: readonly Parameter[];
    }
  | { readonly kind: 'refused'; readonly message: string };

const idTypes: ReadonlyMap<string, IdType> = new Map([
  ['mboxPC', 'pcId'],
  ['mbox3rdPartyId', 'thirdPartyId'],
]);
const attributePrefix = 'profile.';
const idCharactersMax = 256; // Adobe's documentation

/** What an update's parameters ask for, or why Target would not take it. */
export function readUpdate(parameters: readonly Parameter[]): ReadUpdate {
  const ids: { idType: IdType; id: string }[] = [];
  const attributes: Parameter[] = [];
  for (const [name, value] of parameters) {
    const idType = idTypes.get(name);
    if (idType !== undefined) ids.push({ idType, id: value });
    // Adobe's documentation (bulk): an empty value neither clears nor changes the attribute; assumed to hold here too.
    else if (value !== '' && name.startsWith(attributePrefix) && name.length > attributePrefix.length)
      attributes.push([name.slice(attributePrefix.length), value]);
  }
  const [only, second] = ids;
  // assumed: it takes one id, and the documentation shows no call with two
  if (only === undefined || second !== undefined) return refused('expected one of mboxPC and mbox3rdPartyId');
  const { idType, id } = only;
  if (id === '') return refused('the visitor id is empty');
  if (id.length > idCharactersMax && [...id].length > idCharactersMax) return refused('the visitor id is too long');
  // Adobe's documentation: the two characters are not allowed in a thirdPartyId; what is answered is assumed.
  if (idType === 'thirdPartyId' && /[+/]/.test(id)) return refused('+ and / are not allowed in mbox3rdPartyId');
  return { kind: 'update', idType, id, attributes };
}

function refused(message: string): ReadUpdate {
  return { kind: 'refused', message };
}
