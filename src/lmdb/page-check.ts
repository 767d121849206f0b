/**
 * Whether the pages of an lmdb file are what lmdb wrote. lmdb trusts them: one damaged bit can end the process with a
 * signal, or can hide a record without an error. So a small file is read as a whole before lmdb opens it: both trees
 * (free pages, records) are walked, and each number that lmdb would follow is checked. Not seen here: damage inside a
 * key or a value (the caller that keeps records gives them a checksum), and an older page in place of a later one.
 *
 * Invariants of a sound file: a page is in one tree once, or free once; keys rise, and lie between the keys of the
 * branches above them; what a tree says of itself (depth, pages, entries) is what the walk finds.
 *
 * Layout after lmdb-js 3.5's mdb.c (struct MDB_page_header, MDB_node, MDB_ovpage, MDB_db, MDB_meta; data format 2,
 * 64-bit, little-endian). Offsets inside a page count from the end of its header.
 */
export class DamagedPages extends Error {}

export interface LmdbRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

interface Tree {
  readonly depth: number;
  readonly branchPages: bigint;
  readonly leafPages: bigint;
  readonly overflowPages: bigint;
  readonly entries: bigint;
  /** `null`: the tree is empty. */
  readonly root: number | null;
}

const headerBytes = 24;
const nodeBytes = 8;
const pageFlags = { branch: 0x01, leaf: 0x02, overflow: 0x04 } as const;
const bigDataFlag = 0x01;
const overflowReferenceBytes = 24;
const noPage = 0xffff_ffff_ffff_ffffn;
const integerKeyFlag = 0x08;
const metaAt = {
  free: headerBytes + 24,
  main: headerBytes + 72,
  lastPage: headerBytes + 120,
  transaction: headerBytes + 128,
};

/**
 * All records of a file, in the order of their keys. `bytes`: the file from its start to the last page that is in use,
 * or to its end; its meta pages have been found sound (file-check.ts). @throws DamagedPages
 */
export function readLmdbRecords(bytes: Uint8Array): LmdbRecord[] {
  return new PageWalk(bytes).records();
}

/** The number of the last transaction that was committed to the file. `head`: its meta pages. */
export function lastTransaction(head: Uint8Array): bigint {
  const view = viewOf(head);
  const second = view.getUint32(metaAt.free, true);
  const [one, other] = [0, second].map((at) => view.getBigUint64(at + metaAt.transaction, true));
  return one === undefined || other === undefined || one > other ? (one ?? 0n) : other;
}

/** How much of a file lmdb uses, or did in the transaction before. `head`: its meta pages. */
export function usedBytesOf(head: Uint8Array): number {
  const view = viewOf(head);
  const pageBytes = view.getUint32(metaAt.free, true);
  const lastPages = [0, pageBytes].map((at) => Number(view.getBigUint64(at + metaAt.lastPage, true)));
  return (Math.max(...lastPages) + 1) * pageBytes;
}

class PageWalk {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #pageBytes: number;
  readonly #metaAt: number;
  readonly #lastPage: number;
  readonly #transaction: bigint;
  readonly #seen = new Set<number>([0, 1]);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#pageBytes = this.#view.getUint32(metaAt.free, true);
    this.#transaction = lastTransaction(bytes);
    // lmdb finds the meta page of a transaction by its number: even ones stand in the first, odd ones in the second.
    this.#metaAt = Number(this.#transaction % 2n) * this.#pageBytes;
    if (this.#view.getBigUint64(this.#metaAt + metaAt.transaction, true) !== this.#transaction) {
      throw new DamagedPages(`transaction ${this.#transaction} in the wrong meta page`);
    }
    this.#lastPage = Number(this.#view.getBigUint64(this.#metaAt + metaAt.lastPage, true));
  }

  records(): LmdbRecord[] {
    const main = this.#walk(metaAt.main, 0, compareBytes);
    const free = this.#walk(metaAt.free, integerKeyFlag, compareNumbers);
    for (const { value } of free) this.#takeFreePages(value);
    return main;
  }

  #walk(treeAt: number, flags: number, compare: Compare): LmdbRecord[] {
    const tree = this.#readTree(this.#metaAt + treeAt, flags);
    const walk = new TreeWalk(this, compare);
    if (tree.root !== null) walk.visit(tree.root, 1, null, null);
    const found = [walk.depth, walk.branchPages, walk.leafPages, walk.overflowPages, walk.records.length];
    const told = [tree.depth, tree.branchPages, tree.leafPages, tree.overflowPages, tree.entries];
    if (told.some((count, index) => BigInt(count) !== BigInt(found[index] ?? 0))) {
      throw new DamagedPages(`a tree that says of itself ${told.join(', ')} instead of ${found.join(', ')}`);
    }
    return walk.records;
  }

  #readTree(at: number, flags: number): Tree {
    const view = this.#view;
    const found = view.getUint16(at + 4, true);
    if (found !== flags) throw new DamagedPages(`flags ${found} of a tree instead of ${flags}`);
    const root = view.getBigUint64(at + 40, true);
    return {
      depth: view.getUint16(at + 6, true),
      branchPages: view.getBigUint64(at + 8, true),
      leafPages: view.getBigUint64(at + 16, true),
      overflowPages: view.getBigUint64(at + 24, true),
      entries: view.getBigUint64(at + 32, true),
      root: root === noPage ? null : Number(root),
    };
  }

  /** A page that nothing else uses, with its header checked. */
  takePage(number: number, pageCount = 1): DataView {
    for (let each = number; each < number + pageCount; each += 1) this.#take(each);
    const { byteOffset, length } = this.#bytes;
    const [at, size] = [number * this.#pageBytes, pageCount * this.#pageBytes];
    if (at + size > length) throw new DamagedPages(`page ${number} lies behind the end of the file`);
    const page = new DataView(this.#bytes.buffer, byteOffset + at, size);
    const isItself = page.getBigUint64(0, true) === BigInt(number);
    if (!isItself || page.getBigUint64(8, true) > this.#transaction) {
      throw new DamagedPages(`page ${number} has the header of another page`);
    }
    return page;
  }

  get pageBytes(): number {
    return this.#pageBytes;
  }

  #take(number: number): void {
    const isThere = Number.isSafeInteger(number) && number >= 2 && number <= this.#lastPage;
    if (!isThere) throw new DamagedPages(`page ${number} of ${this.#lastPage}`);
    if (this.#seen.has(number)) throw new DamagedPages(`page ${number} is used twice`);
    this.#seen.add(number);
  }

  /** A count, then that many entries: 0 (none), a page's number, or the negative length of a run and its first page. */
  #takeFreePages(list: Uint8Array): void {
    if (list.length < 8 || list.length % 8 !== 0)
      throw new DamagedPages(`a list of free pages of ${list.length} bytes`);
    const view = viewOf(list);
    const count = Number(view.getBigInt64(0, true));
    if (count < 0 || count > list.length / 8 - 1) throw new DamagedPages(`a list of ${count} free pages`);
    for (let index = 1; index <= count; index += 1) {
      const entry = Number(view.getBigInt64(index * 8, true));
      if (entry >= 0) {
        if (entry > 0) this.#take(entry);
        continue;
      }
      index += 1;
      const first = index <= count ? Number(view.getBigInt64(index * 8, true)) : 0;
      if (first - entry > this.#lastPage + 1) throw new DamagedPages(`a run of ${-entry} free pages at ${first}`);
      for (let page = first; page < first - entry; page += 1) this.#take(page);
    }
  }
}

type Compare = (one: Uint8Array, other: Uint8Array) => number;

/** One tree, from its root down. */
class TreeWalk {
  readonly records: LmdbRecord[] = [];
  depth = 0;
  branchPages = 0;
  leafPages = 0;
  overflowPages = 0;
  readonly #pages: PageWalk;
  readonly #compare: Compare;

  constructor(pages: PageWalk, compare: Compare) {
    this.#pages = pages;
    this.#compare = compare;
  }

  /** Keys of the page lie from `low` on, and before `high`. */
  visit(number: number, depth: number, low: Uint8Array | null, high: Uint8Array | null): void {
    const page = this.#pages.takePage(number);
    const isLeaf = page.getUint16(18, true) === pageFlags.leaf;
    if (!isLeaf && page.getUint16(18, true) !== pageFlags.branch) throw new DamagedPages(`the flags of page ${number}`);
    const nodes = this.#nodes(page, number);
    this.#checkOrder(nodes, number, isLeaf, low, high);
    if (isLeaf) {
      this.leafPages += 1;
      if (this.depth !== 0 && this.depth !== depth) throw new DamagedPages(`page ${number} at depth ${depth}`);
      this.depth = depth;
      for (const node of nodes) this.records.push({ key: node.key, value: this.#valueOf(node, number) });
      return;
    }
    this.branchPages += 1;
    nodes.forEach((node, index) => {
      const from = index === 0 ? low : node.key;
      this.visit(
        node.low + node.high * 0x1_0000 + node.flags * 0x1_0000_0000,
        depth + 1,
        from,
        nodes[index + 1]?.key ?? high,
      );
    });
  }

  #nodes(page: DataView, number: number): Node[] {
    const [lower, upper] = [page.getUint16(20, true), page.getUint16(22, true)];
    const room = this.#pages.pageBytes - headerBytes;
    if (lower === 0 || lower % 2 !== 0 || lower > upper || upper > room)
      throw new DamagedPages(`the bounds of page ${number}`);
    const nodes: Node[] = [];
    for (let at = headerBytes; at < headerBytes + lower; at += 2) {
      const nodeAt = page.getUint16(at, true);
      if (nodeAt < upper || nodeAt % 2 !== 0 || nodeAt + nodeBytes > room)
        throw new DamagedPages(`a node of page ${number}`);
      const node = readNode(page, headerBytes + nodeAt);
      if (node === null) throw new DamagedPages(`a key of page ${number}`);
      nodes.push(node);
    }
    return nodes;
  }

  #checkOrder(
    nodes: readonly Node[],
    number: number,
    isLeaf: boolean,
    low: Uint8Array | null,
    high: Uint8Array | null,
  ) {
    // The first key of a branch is never looked at.
    let last = low;
    for (const { key } of isLeaf ? nodes : nodes.slice(1)) {
      const order = last === null ? 1 : this.#compare(key, last);
      if (order < 0 || (order === 0 && last !== low))
        throw new DamagedPages(`the keys of page ${number} are out of order`);
      last = key;
    }
    if (last !== null && high !== null && nodes.length > 0 && this.#compare(last, high) >= 0) {
      throw new DamagedPages(`the keys of page ${number} do not belong there`);
    }
  }

  #valueOf({ page, valueAt, low, high, flags }: Node, number: number): Uint8Array {
    const valueBytes = low + high * 0x1_0000;
    if (flags === 0) {
      if (valueAt + valueBytes > page.byteLength) throw new DamagedPages(`a value of page ${number}`);
      return new Uint8Array(page.buffer, page.byteOffset + valueAt, valueBytes);
    }
    const isReference = flags === bigDataFlag && valueAt + overflowReferenceBytes <= page.byteLength;
    if (!isReference) throw new DamagedPages(`the flags of a record of page ${number}`);
    const first = Number(page.getBigUint64(valueAt, true));
    const pageCount = Number(page.getBigUint64(valueAt + 16, true));
    const expected = Math.floor((headerBytes + valueBytes - 1) / this.#pages.pageBytes) + 1;
    if (pageCount !== expected) throw new DamagedPages(`a record of ${valueBytes} bytes on ${pageCount} pages`);
    const overflow = this.#pages.takePage(first, pageCount);
    const isOverflow =
      overflow.getUint16(18, true) === pageFlags.overflow && overflow.getUint32(20, true) === pageCount;
    if (!isOverflow || overflow.getBigUint64(8, true) !== page.getBigUint64(valueAt + 8, true)) {
      throw new DamagedPages(`page ${first} is not the one of its record`);
    }
    this.overflowPages += pageCount;
    return new Uint8Array(overflow.buffer, overflow.byteOffset + headerBytes, valueBytes);
  }
}

/** `low`, `high`: the size of a value, or with `flags` the number of a page. */
interface Node {
  readonly page: DataView;
  readonly low: number;
  readonly high: number;
  readonly flags: number;
  readonly key: Uint8Array;
  readonly valueAt: number;
}

function readNode(page: DataView, at: number): Node | null {
  const keyBytes = page.getUint16(at + 6, true);
  const valueAt = at + nodeBytes + keyBytes;
  if (valueAt > page.byteLength) return null;
  return {
    page,
    low: page.getUint16(at, true),
    high: page.getUint16(at + 2, true),
    flags: page.getUint16(at + 4, true),
    key: new Uint8Array(page.buffer, page.byteOffset + at + nodeBytes, keyBytes),
    valueAt,
  };
}

function compareBytes(one: Uint8Array, other: Uint8Array): number {
  return Buffer.compare(one, other);
}

function compareNumbers(one: Uint8Array, other: Uint8Array): number {
  if (one.length !== 8 || other.length !== 8) throw new DamagedPages('a key of the free pages that is not a number');
  const difference = viewOf(one).getBigUint64(0, true) - viewOf(other).getBigUint64(0, true);
  return difference < 0n ? -1 : Number(difference > 0n);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
