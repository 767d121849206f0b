import { readFile } from 'node:fs/promises';
import {
  forgetMemory,
  type Memory,
  type MemoryOwner,
  type MemoryPorts,
  openMemory,
  type Peek,
  peek,
  type RunOptions,
} from '../memory/memory.js';
import type { KeyFile } from '../memory/postgres/postgres-memory.js';
import { systemCode, UsageError } from '../terms/errors.js';

/** The memory of --changed-only, where a call keeps its state: a folder, or a database. */
export interface MemoryPlace extends MemoryOwner {
  /** `null`: the folder. */
  readonly stateUrl: string | null;
  /** With a database: a file with the secret, in place of the one that the database keeps. */
  readonly memoryKeyFile: string | null;
}

/** How long a database may be away. */
export interface Waiting {
  readonly giveUpMs: number;
  /** Ends the wait. */
  readonly signal: AbortSignal | null;
  /** Called with the database's own error when a wait begins. */
  readonly onAway: (message: string) => void;
}

export async function openMemoryOf(place: MemoryPlace, options: RunOptions, waiting: Waiting): Promise<Memory> {
  const { stateUrl } = place;
  if (stateUrl === null) return openMemory({ ...ownerOf(place), ...options });
  const { openSharedMemory } = await import('../memory/postgres/open-memory.js');
  return openSharedMemory(await sharedOf(place, stateUrl, waiting), options);
}

/** `null`: nothing is remembered. `ports`: of a folder's memory. */
export async function peekMemoryOf(
  place: MemoryPlace,
  refreshAfterDays: number,
  ports: Partial<MemoryPorts>,
): Promise<Peek | null> {
  const { stateUrl } = place;
  if (stateUrl === null) return peek({ ...ownerOf(place), ...ports, refreshAfterDays });
  const { peekShared } = await import('../memory/postgres/open-memory.js');
  return peekShared(await sharedOf(place, stateUrl, { giveUpMs: 0, signal: null, onAway: () => {} }), refreshAfterDays);
}

export async function forgetMemoryOf(place: MemoryPlace, waiting: Waiting): Promise<void> {
  const { stateUrl } = place;
  if (stateUrl === null) return forgetMemory(ownerOf(place));
  const { forgetShared } = await import('../memory/postgres/open-memory.js');
  await forgetShared(await sharedOf(place, stateUrl, waiting));
}

/** A caller hands in all of its options: one that has the name of a port (`host`) must not stand in for it. */
function ownerOf({ stateDir, clientCode, origin, isLoopback }: MemoryPlace): MemoryOwner {
  return { stateDir, clientCode, origin, isLoopback };
}

async function sharedOf(place: MemoryPlace, stateUrl: string, waiting: Waiting) {
  const { clientCode, origin, isLoopback, memoryKeyFile } = place;
  const keyFile = memoryKeyFile === null ? null : await readKeyFile(memoryKeyFile);
  return { clientCode, origin, isLoopback, stateUrl, keyFile, ...waiting };
}

const secretBytesMin = 32;
const secretBytesMax = 1_024;

/** All of its bytes are the secret. Its path is in no message: by mistake it may be the secret itself. */
async function readKeyFile(path: string): Promise<KeyFile> {
  const wanted = '--memory-key-file: expected a file with a secret of 32 to 1,024 bytes';
  let secret: Uint8Array;
  try {
    secret = await readFile(path);
  } catch (error) {
    const message = `${wanted}; the file that it names cannot be read (${systemCode(error) ?? 'unreadable'}). Check the path and its permissions`;
    throw new UsageError('memory-key-file', message, { cause: error });
  }
  if (secret.length < secretBytesMin || secret.length > secretBytesMax) {
    const message = `${wanted}; found ${secret.length} bytes. This makes one:  openssl rand -out FILE 32`;
    throw new UsageError('memory-key-file', message);
  }
  return { path: 'the file of --memory-key-file', secret };
}
