/**
 * What the program's own logic asks of the machine, in interfaces small enough that a simulator can stand in for
 * each: time, chance, disk, network, the ledger's store. The real ones are thin (clock.ts, disk.ts, target-api/client.ts,
 * ledger/lmdb-store.ts) and decide nothing.
 */

/** Cancels what was scheduled; calling it twice, or too late, does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** Unix time in milliseconds. May step either way: for stamps and for people, never for durations. */
  wallMs(): number;
  /** Milliseconds, fractional, from an arbitrary start that is common to all processes of one boot (CLOCK_MONOTONIC). Never steps; may stand still while the machine sleeps. */
  monotonicMs(): number;
  /** Calls `run` once, no sooner than `delayMs` (0 or more) from now. Keeps the process alive. */
  schedule(delayMs: number, run: () => void): Cancel;
}

/** How processes of one boot, and a later boot, compare their times (ledger/ledger-time). */
export interface BootClock {
  /** Names this boot and the offsets of its time namespace; `null` if the system does not say. Two equal names share `monotonicMs`. */
  bootId(): string | null;
  /** Milliseconds since boot, sleep included (CLOCK_BOOTTIME or nearest). */
  uptimeMs(): number;
}

export interface Random {
  /** Evenly from [0, 1). */
  next(): number;
}

export interface FileStat {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
  /** Time of last change of content, nanoseconds as decimal digits: only compared, never computed with. */
  readonly modifiedNs: string;
  readonly modifiedMs: number;
  /** Device and inode, `dev:ino`. */
  readonly identity: string;
  /** Permission bits (0o777 mask). */
  readonly mode: number;
}

/** An open file. Every method rejects with the system's error (`code` ENOSPC, EIO, …). */
export interface DiskFile {
  /** Reads up to `into.length` bytes at `positionBytes`; resolves to how many, 0 at the end. */
  read(into: Uint8Array, positionBytes: number): Promise<number>;
  /** Appends all of `bytes`. When it rejects, any part of them may have been written. */
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when content and size are durable (fsync). */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  stat(): Promise<FileStat>;
  close(): Promise<void>;
}

/** A path as text or, where a name in it is not UTF-8, as its bytes. */
export type DiskPath = string | Uint8Array;

/**
 * How a file of the program's own is opened. `read`: must exist. `append`: created if missing. `create`: must not exist
 * (EEXIST). `read-linked`: as `read`, for a file that gets its name by `link` and has two names for a moment (a lock).
 */
export type OpenMode = 'read' | 'read-linked' | 'append' | 'create';

/** Rejections carry the system's `code` (ENOENT, EEXIST, EACCES, ENOSPC, EROFS). Files are created with mode 0600, folders 0700. */
export interface Disk {
  /**
   * Opens a file of the program's own: job files, state files. A file that is not trusted (a link, a second hard link,
   * another user's, writable for everybody) is a UsageError `job-file-foreign`, and nothing is done with it.
   */
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /** Opens for reading what is not the program's own: FILE, a library's files. Links are followed, anybody may own it. */
  openInput(path: string): Promise<DiskFile>;
  /** Of what the path leads to, links followed: FILE, folders. */
  stat(path: DiskPath): Promise<FileStat>;
  /** Of the name itself: a link is `other`. For job files. */
  look(path: string): Promise<FileStat>;
  /** Replaces `to` if it is there, in one step. Durable only after `syncFolder`. */
  rename(from: DiskPath, to: string): Promise<void>;
  /** A second name for a file; rejects with EEXIST if `to` is there. */
  link(from: string, to: string): Promise<void>;
  remove(path: DiskPath): Promise<void>;
  /** Names in a folder, in no order. */
  list(folder: string): Promise<string[]>;
  /** The same, as bytes: a name need not be UTF-8. */
  listBytes(folder: string): Promise<Uint8Array[]>;
  makeFolder(path: string): Promise<void>;
  /** The last part of the path alone, which is not a link: UsageError `job-file-foreign`. */
  makeOwnFolder(path: string): Promise<void>;
  /** Makes renames, links and removals in a folder durable. */
  syncFolder(folder: string): Promise<void>;
}

/** The addresses of a host name, as the system resolves it now. Rejects with the system's error (ENOTFOUND, EAI_AGAIN). */
export type LookUp = (hostname: string) => Promise<readonly string[]>;

/** One attempt on its way out. */
export interface OutgoingTry {
  readonly method: 'GET' | 'POST';
  /** Path and query, from `/`. */
  readonly path: string;
  /** A form, or JSON; `null` where all stands in the query. ASCII alone, so its length is its bytes. */
  readonly body: string | null;
  /** The body is JSON, not a form. */
  readonly isJson?: true;
  /** The whole `Authorization` header, or `null`. */
  readonly authorization: string | null;
  /** From the start to the end of the reply, connecting included. */
  readonly timeoutMs: number;
}

/** What the network made of an attempt: facts alone, target-api/classify judges them. Never rejects. */
export type Reply =
  | {
      readonly kind: 'answered';
      readonly httpStatus: number;
      /** The `Retry-After` header as it came, or `null`. */
      readonly retryAfter: string | null;
      /** The `Date` header as it came; left out where it was not kept. */
      readonly date?: string;
      /** The first 64 KB (65,536 bytes) of the body as text. */
      readonly body: string;
    }
  /** No whole reply: the system's or undici's code, and a message without the request in it. */
  | {
      readonly kind: 'broken';
      readonly errorCode: string;
      readonly message: string;
      /** Set where it broke at the proxy of the environment, and not at the endpoint or on the way behind the proxy. */
      readonly isProxy?: true;
    }
  | { readonly kind: 'timed-out' }
  /** `mayStart` said no, or `abort` came before a byte left: nothing was sent. */
  | { readonly kind: 'not-started' }
  /** `abortAll` ended it after bytes left: it may have been taken. */
  | { readonly kind: 'aborted' };

/** Who has an attempt carried. */
export interface Sender {
  /** Asked in the same step in which the bytes are handed to the socket: `false` and nothing leaves. Does not throw. */
  mayStart(): boolean;
  /** Called once, and never before `send` has returned. Does not throw: others' replies come after it in the same turn. */
  settled(reply: Reply): void;
}

export interface Transport {
  /** Tens of thousands a second: hence a callback and no promise. */
  send(outgoing: OutgoingTry, sender: Sender): void;
  /** Ends what is in flight at once. */
  abortAll(): void;
  close(): Promise<void>;
}

/** Text under keys (1 to 1,000 bytes of UTF-8): the ledger as one transaction sees it. Valid until its work returns. */
export interface LedgerRecords {
  get(key: string): string | null;
  put(key: string, value: string): void;
  remove(key: string): void;
}

/** Where the cap's ledger is kept. All processes that share a state directory share one. */
export interface LedgerStore {
  /**
   * Runs `work` with the ledger to itself, among all processes. Resolves when what it wrote is durable. Rejects with
   * what `work` threw, and then nothing that it wrote is kept, or with a MachineError, after which any or none may be kept.
   */
  transact<T>(work: (records: LedgerRecords) => T): Promise<T>;
  /** Resolves when the transactions in flight are done. */
  close(): Promise<void>;
}

/** The cap as last known to this process: what pacing reports and people are shown. */
export interface CapView {
  /** The cap less the reserve: what our attempts may use in any rolling 24 hours. */
  readonly limit: number;
  /** Units that are used or leased. */
  readonly used: number;
  readonly left: number;
  /** Wall time at which the next unit comes free; `null` while some are left or none is used. */
  readonly nextFreeAtMs: number | null;
}
