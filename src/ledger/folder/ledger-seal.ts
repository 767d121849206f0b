import { crc32 } from 'node:zlib';
import { DamagedRecord } from '../ledger-records.js';

/** Text with a checksum before it, over what it stands under too: a record that turns up under another key is damaged. */
export function seal(key: string, text: string): string {
  return `${checksum(key, text)} ${text}`;
}

/** @throws DamagedRecord */
export function unseal(key: string, sealed: string): string {
  const text = sealed.slice(checksumLength + 1);
  if (sealed === seal(key, text)) return text;
  throw new DamagedRecord(`the checksum of the record "${key}" does not fit`);
}

const checksumLength = 8;

function checksum(key: string, text: string): string {
  return crc32(`${key}\0${text}`).toString(16).padStart(checksumLength, '0');
}
