import type { Disk } from '../platform/ports.js';
import { systemCode } from '../terms/errors.js';

/**
 * Whether an lmdb data file is whole enough to be opened. lmdb maps the file into memory and trusts it: one that was
 * cut off ends the whole process with SIGBUS (tried: cut in half, it even opens), and an empty one is taken for new.
 * So the two meta pages are looked at before lmdb is: who wrote the file, in which format, and whether it is as long
 * as the latest of them says. Damage inside the pages is not seen here; lmdb reports most of that as an error.
 *
 * Layout after lmdb 3.5's mdb.c (struct MDB_page, MDB_meta; data format 2, 64-bit, little-endian).
 */
export type LmdbFile =
  | { readonly kind: 'missing' }
  /** 0 bytes: lmdb would take it for new. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'sound' }
  /** `found` goes into a message: what is wrong. `missingBytes`: how many there are too few; 0 where that is not it. */
  | { readonly kind: 'damaged'; readonly found: string; readonly missingBytes: number };

const metaBytes = 168;
const metaPageFlag = 0x08;
const magic = 0xbeefc0de;
const dataVersion = 2;
const pageBytesMin = 512;
const pageBytesMax = 65_536;

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

/** Rejects with the system's error (EACCES, EIO) where the file cannot be read at all. */
export async function checkLmdbFile(disk: Disk, path: string): Promise<LmdbFile> {
  const file = await disk.openInput(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return { kind: 'missing' };
  try {
    const stat = await file.stat();
    if (stat.kind !== 'file') return { kind: 'damaged', found: 'not a regular file', missingBytes: 0 };
    if (stat.sizeBytes === 0) return { kind: 'empty' };
    const head = new Uint8Array(pageBytesMax + metaBytes);
    const headBytes = await file.read(head, 0);
    // Its size again: another process may have grown the file before it wrote the meta page that was just read.
    return judgeLmdbHead(head.subarray(0, headBytes), (await file.stat()).sizeBytes);
  } finally {
    await file.close();
  }
}

/** `head`: the first 64 KB and 168 bytes, or all there is. */
export function judgeLmdbHead(head: Uint8Array, sizeBytes: number): LmdbFile {
  const first = readMeta(head, 0);
  if (typeof first === 'string') return { kind: 'damaged', found: first, missingBytes: 0 };
  const second = readMeta(head, first.pageBytes);
  if (typeof second === 'string') return { kind: 'damaged', found: second, missingBytes: 0 };
  const latest = second.transaction > first.transaction ? second : first;
  const missingBytes = (Number(latest.lastPage) + 1) * first.pageBytes - sizeBytes;
  if (missingBytes <= 0) return { kind: 'sound' };
  return { kind: 'damaged', found: `cut off: ${sizeBytes} of ${sizeBytes + missingBytes} bytes`, missingBytes };
}

/** A text says what is wrong. */
function readMeta(head: Uint8Array, at: number): Meta | string {
  if (head.length < at + metaBytes) return `cut off after ${head.length} bytes`;
  const view = new DataView(head.buffer, head.byteOffset + at, metaBytes);
  const isMetaPage = (view.getUint16(18, true) & metaPageFlag) !== 0;
  if (!isMetaPage || view.getUint32(24, true) !== magic) return 'not an lmdb file of this kind of machine';
  const version = view.getUint32(28, true) & 0xffff;
  if (version !== dataVersion) return `lmdb data format ${version} instead of ${dataVersion}`;
  const pageBytes = view.getUint32(48, true);
  const isPageSize = pageBytes >= pageBytesMin && pageBytes <= pageBytesMax && (pageBytes & (pageBytes - 1)) === 0;
  if (!isPageSize) return `a page size of ${pageBytes} bytes`;
  return { pageBytes, lastPage: view.getBigUint64(144, true), transaction: view.getBigUint64(152, true) };
}
