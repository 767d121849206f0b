import { crc32 } from 'node:zlib';
import type { HomeAnchor } from './home-time.js';
import { damagedMemory, otherVersion } from './memory-errors.js';
import type { MemoryState } from './memory-home.js';

/** The head of a memory in a folder: what holds for all of its records. */
export interface HomeMeta {
  /** Whose memory it is: client code, origin, and for loopback the machine. */
  readonly owner: string;
  /** Of the secret that the hashes were made with; `null` after --forget. */
  readonly keyCheck: string | null;
  readonly state: MemoryState;
  readonly anchor: HomeAnchor;
  /** `null`: it is used here. */
  readonly moved: MovedMeta | null;
}

/** It was given to a database, and stands still from then on. */
export interface MovedMeta {
  /** Host and database. */
  readonly to: string;
  /** The database has what it is to have of it. */
  readonly isDone: boolean;
}

const version = 3;

/** One line: version, checksum, JSON. */
export function formatMeta(meta: HomeMeta): string {
  const { owner, keyCheck, state, anchor, moved } = meta;
  const json = JSON.stringify({ owner, keyCheck, state, anchor, moved });
  return `${version} ${crc32(json).toString(16)} ${json}`;
}

/** @throws MachineError */
export function parseMeta(folder: string, text: string): HomeMeta {
  const [, found, checksum, json] = /^(\d+) ([0-9a-f]{1,8}) (.*)$/s.exec(text) ?? [];
  if (found === undefined || json === undefined) throw damagedMemory(folder, 'a head that this program did not write');
  if (Number(found) !== version) throw otherVersion(folder);
  const isWhole = crc32(json).toString(16) === checksum;
  const parsed: unknown = isWhole ? JSON.parse(json) : null;
  if (!isMeta(parsed)) throw damagedMemory(folder, 'a head with a wrong checksum');
  return parsed;
}

function isMeta(value: unknown): value is HomeMeta {
  return (
    isObject(value) &&
    typeof value.owner === 'string' &&
    (value.keyCheck === null || typeof value.keyCheck === 'string') &&
    isState(value.state) &&
    isAnchor(value.anchor) &&
    (value.moved === null || isMoved(value.moved))
  );
}

function isMoved(value: unknown): value is MovedMeta {
  return isObject(value) && typeof value.to === 'string' && typeof value.isDone === 'boolean';
}

function isState(value: unknown): value is MemoryState {
  return (
    isObject(value) &&
    typeof value.isMade === 'boolean' &&
    typeof value.allUntilMs === 'number' &&
    typeof value.latestUntilMs === 'number'
  );
}

function isAnchor(value: unknown): value is HomeAnchor {
  return (
    isObject(value) &&
    typeof value.homeMs === 'number' &&
    typeof value.monotonicMs === 'number' &&
    typeof value.timeBase === 'string' &&
    typeof value.wallHighMs === 'number'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
