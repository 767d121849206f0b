import { UsageError } from '../terms/errors.js';
import type { IdType } from './update.js';

/** Visitors that exist before any update, as `--known FILE` names them. */
export interface KnownVisitor {
  readonly idType: IdType;
  readonly id: string;
}

const headers: ReadonlyMap<string, IdType> = new Map([
  ['thirdPartyId', 'thirdPartyId'],
  ['mbox3rdPartyId', 'thirdPartyId'],
  ['pcId', 'pcId'],
  ['mboxPC', 'pcId'],
]);

/**
 * One id a line, up to the first comma, URL-encoded or not: a bulk file does as well. A first line `thirdPartyId`,
 * `pcId` or `batch=…` of these says what kind they are; without it they are thirdPartyIds.
 *
 * @throws UsageError `sandbox-known`
 */
export function readKnown(text: string): KnownVisitor[] {
  const cells = text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/,.*$/s, '').replace(/^"(.*)"$/, '$1'));
  const header = headers.get((cells[0] ?? '').replace(/^batch=/, '').trim());
  return (header === undefined ? cells : cells.slice(1)).flatMap((cell, index) => {
    if (cell === '') return [];
    try {
      return [{ idType: header ?? 'thirdPartyId', id: decodeURIComponent(cell) }];
    } catch {
      const line = index + (header === undefined ? 1 : 2);
      throw new UsageError('sandbox-known', `--known: expected one URL-encoded id on line ${line}`);
    }
  });
}
