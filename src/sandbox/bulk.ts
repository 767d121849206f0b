import type { Account } from './account.js';
import type { Parameter } from './form.js';
import type { Incoming } from './incoming.js';
import { type Reply, xmlReply } from './replies.js';
import type { IdType } from './update.js';

/**
 * The Bulk API's side of the sandbox: v1, v2 and the status of a batch. It shares no code with the gateway that stands
 * in for this API, so that the two can be compared.
 */

/** Adobe's documentation: under 50 MB, and 500,000 rows. assumed: what is answered beyond is 413 */
export const bulkBodyBytesMax = 52_428_800;
const rowsMax = 500_000;
/** How many batches are remembered. */
const batchesMax = 1000;

export interface BulkCall {
  readonly clientCode: string;
  readonly version: 1 | 2;
  readonly kind: 'update' | 'status';
}

export function readBulkPath(path: string): BulkCall | null {
  const [, clientCode, v2, call] = /^\/m2\/([^/]+)\/(v2\/)?profile\/batch(Update|Status)$/.exec(path) ?? [];
  if (clientCode === undefined) return null;
  return { clientCode, version: v2 === undefined ? 1 : 2, kind: call === 'Update' ? 'update' : 'status' };
}

interface Batch {
  readonly id: string;
  readonly clientCode: string;
  readonly rowCount: number;
  readonly successCount: number;
  readonly notFoundCount: number;
  readonly failedCount: number;
}

export class Bulk {
  readonly #batches = new Map<string, Batch>();
  #lastNumber = 0;

  /** assumed: a batch is complete when it is answered */
  update(call: BulkCall, incoming: Incoming, account: Account, origin: string, nowMs: number): Reply {
    if (incoming.bodyBytes > bulkBodyBytesMax) return refused(413, 'The batch is too large');
    const text = batchText(incoming);
    if (text === null) return refused(400, 'There is no batch in the body');
    const [header = '', ...lines] = text.split(/\r\n|\n|\r/).filter((line) => line !== '');
    const columns = readHeader(header);
    if (columns === null) return refused(400, 'The first line is not a header');
    if (lines.length > rowsMax) return refused(413, 'The batch has too many rows');
    const ends = lines.map((line) => takeRow(line, columns, account, call.version, nowMs));
    const count = (end: RowEnd) => ends.filter((one) => one === end).length;
    this.#lastNumber += 1;
    const id = `${call.clientCode.toLowerCase()}-${nowMs}-${String(this.#lastNumber).padStart(8, '0')}`;
    this.#remember({
      id,
      clientCode: call.clientCode.toLowerCase(),
      rowCount: lines.length,
      successCount: count('success'),
      notFoundCount: count('not-found'),
      failedCount: count('failed'),
    });
    // Adobe's documentation, word for word but for the address
    const status = `${origin}/m2/${call.clientCode.toLowerCase()}/profile/batchStatus?batchId=${id}`;
    return xml(
      200,
      `<success>true</success><batchStatus>${status}</batchStatus><message>Batch submitted for processing</message>`,
    );
  }

  status(call: BulkCall, query: string): Reply {
    const parameters = new URLSearchParams(query);
    const batch = this.#batches.get(parameters.get('batchId') ?? '');
    if (batch === undefined || batch.clientCode !== call.clientCode.toLowerCase()) {
      return refused(404, 'There is no such batch'); // assumed
    }
    const { id, rowCount, successCount, notFoundCount, failedCount } = batch;
    const details =
      parameters.get('showDetails') === 'true'
        ? `<consumedCount>${rowCount}</consumedCount><successfulUpdates>${successCount}</successfulUpdates><profilesNotFound>${notFoundCount}</profilesNotFound><failedUpdates>${failedCount}</failedUpdates>`
        : '';
    return xml(200, `<batchId>${id}</batchId><status>complete</status><batchSize>${rowCount}</batchSize>${details}`);
  }

  #remember(batch: Batch): void {
    this.#batches.set(batch.id, batch);
    const [oldest] = this.#batches.keys();
    if (this.#batches.size > batchesMax && oldest !== undefined) this.#batches.delete(oldest);
  }
}

function xml(httpStatus: number, inside: string): Reply {
  return xmlReply(httpStatus, `<response>${inside}</response>`);
}

/** An earlier edition of the documentation: an empty status, and a message. assumed: the HTTP status */
export function refused(httpStatus: number, message: string): Reply {
  return xml(httpStatus, `<success>false</success><batchStatus></batchStatus><message>${message}</message>`);
}

/** The file in a body, bytes as latin1; `null`: there is none. */
function batchText({ body, contentType }: Incoming): string | null {
  const boundary = /^multipart\/form-data\s*;.*boundary="?([^";]+)"?/i.exec(contentType ?? '')?.[1];
  if (boundary !== undefined) return onlyFile(body, boundary);
  if (!body.startsWith('batch=')) return null;
  const value = body.slice('batch='.length);
  // seen by others: the value encoded once more, as a form's
  if (/[\r\n]/.test(value) || !/%0[ad]/i.test(value)) return value;
  const [own = ''] = value.split('&');
  return decodeLatin1(own)?.replace(/^batch=/, '') ?? null;
}

/** seen by others: a form with one file in it */
function onlyFile(body: string, boundary: string): string | null {
  const parts = body.split(`--${boundary}`).slice(1, -1);
  const files = parts.flatMap((part) => {
    const at = part.indexOf('\r\n\r\n');
    const isFile = /;\s*filename=|;\s*name="?batch"?[\s;]/i.test(`${part.slice(0, at)} `);
    return at >= 0 && isFile ? [part.slice(at + 4).replace(/\r\n$/, '')] : [];
  });
  return files.length === 1 ? (files[0] ?? '').replace(/^batch=/, '') : null;
}

/** `%` sequences to bytes, as latin1. */
function decodeLatin1(text: string): string | null {
  if (/%(?![0-9a-f]{2})/i.test(text)) return null;
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** Adobe's documentation: URL-encoded UTF-8. assumed: `+` is a space, as in a form; `null`: it is broken */
function decodeCell(cell: string): string | null {
  const bytes = decodeLatin1(cell);
  if (bytes === null) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return null;
  }
}

interface Columns {
  readonly idType: IdType;
  readonly names: readonly string[];
}

const idColumns: ReadonlyMap<string, IdType> = new Map([
  ['pcId', 'pcId'],
  ['mboxPC', 'pcId'],
  ['thirdPartyId', 'thirdPartyId'],
  ['mbox3rdPartyId', 'thirdPartyId'],
]);

function readHeader(line: string): Columns | null {
  const [id = '', ...names] = line
    .replace(/^batch=/, '')
    .split(',')
    .map((name) => decodeCell(name.trim()));
  const idType = idColumns.get(id ?? '');
  const known = names.filter((name) => name !== null && name !== '');
  return idType === undefined || known.length < names.length ? null : { idType, names: known.map(String) };
}

type RowEnd = 'success' | 'nothing' | 'not-found' | 'failed';

function takeRow(line: string, { idType, names }: Columns, account: Account, version: 1 | 2, nowMs: number): RowEnd {
  const cells = line.split(',').map(decodeCell);
  const [id = null] = cells;
  if (id === null || id === '' || cells.includes(null) || cells.length > names.length + 1) return 'failed';
  if (idType === 'thirdPartyId' && /[+/]/.test(id)) return 'failed';
  const attributes = names.flatMap((name, index): Parameter[] => {
    const value = cells[index + 1] ?? '';
    return value === '' ? [] : [[name, value]]; // Adobe's documentation: an empty value is ignored
  });
  if (attributes.length === 0) return 'nothing';
  const found = account.find(idType, id);
  // Adobe's documentation: v1 updates existing profiles only, v2 creates missing ones
  if (found === null && version === 1) return 'not-found';
  return account.apply(idType, id, attributes, nowMs) ? 'success' : 'failed';
}
