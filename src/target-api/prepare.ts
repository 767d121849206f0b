import type { OutgoingTry } from '../platform/ports.js';
import type { InvalidCode, Reason, RouteName } from '../terms/outcome.js';
import { isBlank } from './characters/blanks.js';
import { type CleanOptions, makeCleaner } from './characters/clean.js';
import { formDecode, formEncode, isEncoded, isPlain, type Plus } from './characters/encode.js';
import { shownColumn } from './characters/shown-names.js';
import { type Columns, isIdName } from './columns.js';
import { isNameTooLong, isTntIdTooLong, isValueTooLong } from './delivery-limits.js';
import { deliveryAttributesMax, getPathBytesMax, idCharactersMax, postBodyBytesMax } from './limits.js';

/** `post-query`: POST with everything in the query and no body, for gateways that drop one. */
export type Method = 'post' | 'get' | 'post-query';

export interface PrepareOptions extends CleanOptions {
  readonly values: 'encoded' | 'raw';
  /** `null`: a space in values, and invalid in ids. */
  readonly plus: Plus | null;
  readonly method: Method;
  readonly clientCode: string;
  /** By whose limits. */
  readonly route: RouteName;
}

/** What a row comes to before anything is sent. `id` is decoded text as it is sent; `''` where it cannot be decoded. */
export type Prepared =
  /** `form` is ASCII: `mbox3rdPartyId=…&profile.a=…`, in the file's column order, empty values left out. */
  | { readonly kind: 'request'; readonly id: string; readonly form: string }
  /** No value to send. */
  | { readonly kind: 'skipped'; readonly id: string }
  | { readonly kind: 'invalid'; readonly id: string; readonly reason: Reason };

/** `isUtf8`: whether the row's bytes were; where not, `cells` hold U+FFFD in their place. */
export type Preparer = (cells: readonly string[], isUtf8: boolean) => Prepared;

/**
 * Makes the function that turns rows into requests; it is called for every row, at tens of thousands a second.
 *
 * One reason a row, the first in this order: `header-again`, `id-empty`, (an id that does not decode: `percent-broken`),
 * `id-characters`, `id-plus`, `id-length`, `extra-cells`, `percent-broken` or (Delivery) `name-length`, `value-length` of
 * the first attribute at fault, `not-utf8`, `request-size`. A row is skipped only if none but the last could apply: an
 * id at fault is reported even where there is nothing to send. A row of empty cells alone is skipped.
 */
export function makePreparer(columns: Columns, options: PrepareOptions): Preparer {
  const { idIndex, attributes, cellCount } = columns;
  const idKey = columns.idType === 'pcId' ? 'mboxPC=' : 'mbox3rdPartyId=';
  const idFault = makeIdJudge(columns, options);
  const valuePlus = options.plus ?? 'space';
  const formBytesMax = formBytesMaxOf(options);
  const isRaw = options.values === 'raw';
  const goesAsItStands = isRaw ? isPlain : isEncoded;
  const clean = makeCleaner(options);
  const isHeader = makeHeaderJudge(columns);
  const isDelivery = options.route === 'delivery';
  const longNames = new Set(isDelivery ? attributes.filter(({ name }) => isNameTooLong(name)) : []);

  return (cells, isUtf8) => {
    const idCell = cells[idIndex] ?? '';
    if (isHeader(cells)) return invalid('', reason('header-again'));
    // Without --plus a bare + is a fault of its own, and shown as it stands.
    const text = isRaw ? idCell : formDecode(idCell, options.plus ?? 'literal');
    const id = text === null || clean === null ? text : clean(text);
    const fault = idFault(idCell, id) ?? (cells.length > cellCount ? extraCells(cells, cellCount, clean) : null);
    const shownId = (isUtf8 ? id : whole(id)) ?? '';
    // As spreadsheets write them below the table.
    if (fault?.code === 'id-empty' && cells.every((cell) => cell === '')) return { kind: 'skipped', id: '' };
    if (id === null || fault !== null) return invalid(shownId, fault ?? reason('percent-broken', 'in the id'));

    let form = idKey + formEncode(id);
    let valueCount = 0;
    for (const attribute of attributes) {
      const cell = cells[attribute.index];
      if (cell === undefined || cell === '') continue;
      // An encoded cell is never shorter than its value.
      const needsLook = isDelivery && (isValueTooLong(cell) || longNames.has(attribute));
      if (clean === null && goesAsItStands(cell) && !needsLook) {
        valueCount += 1;
        form += `&${attribute.formKey}${cell}`;
        continue;
      }
      const decoded = isRaw ? cell : formDecode(cell, valuePlus);
      if (decoded === null) {
        return invalid(shownId, reason('percent-broken', `in ${shownColumn(attribute.name, attribute.index)}`));
      }
      const value = clean === null ? decoded : clean(decoded);
      if (value === '') continue;
      if (longNames.has(attribute)) return invalid(shownId, reason('name-length', `column ${attribute.index + 1}`));
      if (isDelivery && isValueTooLong(value)) {
        return invalid(shownId, reason('value-length', `in ${shownColumn(attribute.name, attribute.index)}`));
      }
      valueCount += 1;
      form += `&${attribute.formKey}${encodeURIComponent(value)}`;
    }
    if (!isUtf8) return invalid(shownId, reason('not-utf8'));
    if (valueCount === 0) return { kind: 'skipped', id };
    if (isDelivery && valueCount > deliveryAttributesMax) {
      const text = `${valueCount} attributes, and a Delivery request takes ${deliveryAttributesMax}`;
      return invalid(id, reason('request-size', text));
    }
    if (form.length > formBytesMax) return invalid(id, reason('request-size', requestSizeText(form, options)));
    return { kind: 'request', id, form };
  };
}

/** Judges the id alone. `id`: decoded; `null`: it cannot be, which the caller sees by itself. */
function makeIdJudge(columns: Columns, options: PrepareOptions): (idCell: string, id: string | null) => Reason | null {
  const isThirdParty = columns.idType === 'thirdPartyId';
  const isPlusOpen = options.values === 'encoded' && options.plus === null;
  return (idCell, id) => {
    if (idCell === '') return reason('id-empty');
    if (id === null) return null;
    if (isBlank(id)) return reason('id-empty');
    if (isThirdParty && hasForbidden(idCell, id, isPlusOpen)) return reason('id-characters');
    if (isPlusOpen && idCell.includes('+')) return reason('id-plus');
    if (id.length > idCharactersMax && [...id].length > idCharactersMax) return reason('id-length');
    if (options.route === 'delivery' && isTntIdTooLong(columns.idType, id)) return reason('id-length');
    return null;
  };
}

/** `+` or `/` in a decoded thirdPartyId (Adobe's documentation). While it is open what a bare `+` means, only `%2B` is one. */
function hasForbidden(idCell: string, id: string, isPlusOpen: boolean): boolean {
  if (id.includes('/')) return true;
  return isPlusOpen ? /%2B/i.test(idCell) : id.includes('+');
}

/** Whether a row is the header once more, of files that were joined: the same cells, or its id is the name of an id column. */
function makeHeaderJudge({ idIndex, headerCells }: Columns): (cells: readonly string[]) => boolean {
  const idCell = headerCells[idIndex] ?? '';
  const isKnown = isIdName(idCell.trim());
  const formIdCell = idIndex === 0 ? `batch=${idCell}` : idCell;
  return (cells) => {
    const cell = cells[idIndex];
    if (cell !== idCell && cell !== formIdCell) return false;
    return isKnown || headerCells.every((name, index) => index === idIndex || name === cells[index]);
  };
}

function extraCells(
  cells: readonly string[],
  cellCount: number,
  clean: ((text: string) => string) | null,
): Reason | null {
  const isFilled = cells.some((cell, index) => index >= cellCount && (clean === null ? cell : clean(cell)) !== '');
  return isFilled ? reason('extra-cells', `${cells.length} cells, and the header has ${cellCount}`) : null;
}

/** `null` for an id that lost bytes. */
function whole(id: string | null): string | null {
  return id?.includes('\uFFFD') ? null : id;
}

function invalid(id: string, why: Reason): Prepared {
  return { kind: 'invalid', id, reason: why };
}

function reason(code: InvalidCode, text: string | null = null): Reason {
  return { code, text };
}

/** What the limits count: a POST's body, or path and query of the others. */
export function requestSizeBytes(
  form: string,
  options: { readonly method: Method; readonly clientCode: string },
): number {
  return options.method === 'post' ? form.length : updatePath(options.clientCode).length + '?'.length + form.length;
}

const methodNames: Readonly<Record<Method, string>> = { post: 'POST', get: 'GET', 'post-query': 'POST with a query' };

function requestSizeText(form: string, options: PrepareOptions): string {
  const sizeMax = options.method === 'post' ? postBodyBytesMax : getPathBytesMax;
  return `${requestSizeBytes(form, options)} bytes, and ${methodNames[options.method]} takes ${sizeMax}`;
}

/** Of a form: what the limits leave beside the path. A row of FILE is far below the 60 MB of a Delivery request. */
export function formBytesMaxOf(options: {
  readonly method: Method;
  readonly clientCode: string;
  readonly route: RouteName;
}): number {
  if (options.route === 'delivery') return Number.POSITIVE_INFINITY;
  return options.method === 'post' ? postBodyBytesMax : getPathBytesMax - requestSizeBytes('', options);
}

function updatePath(clientCode: string): string {
  return `/m2/${encodeURIComponent(clientCode)}/profile/update`;
}

export interface OutgoingOptions {
  readonly method: Method;
  readonly clientCode: string;
  readonly timeoutMs: number;
}

/** The request for a prepared row's form. `authorization`: the whole header (`Bearer …`), or `null`. */
export type Outgoing = (form: string, authorization: string | null) => OutgoingTry;

export function makeOutgoing({ method, clientCode, timeoutMs }: OutgoingOptions): Outgoing {
  const path = updatePath(clientCode);
  if (method === 'post')
    return (form, authorization) => ({ method: 'POST', path, body: form, authorization, timeoutMs });
  const verb = method === 'get' ? 'GET' : 'POST';
  return (form, authorization) => ({ method: verb, path: `${path}?${form}`, body: null, authorization, timeoutMs });
}
