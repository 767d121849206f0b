import { join } from 'node:path';
import { acquireLock, type Lock } from '../job/lock/lock.js';
import type { Machine } from '../job/terms/machine.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { ProfileDripError, UsageError } from '../terms/errors.js';
import { exitStatus } from '../terms/exit-status.js';
import { ClientQueue, queuePlace } from './client-queue.js';
import { answerRequest, type Gateway } from './gateway.js';
import type { ServeHooks, ServeOptions } from './options.js';
import { clientCodeOf } from './wire/batch-id.js';
import { startServer } from './wire/http-server.js';
import { statusAddressMax } from './wire/replies.js';

/** Without --client-code anybody on this machine names client codes; this is the most that are served at once. */
const queuesMax = 100;

/**
 * Takes batches until the signal aborts, and sends them. Resolves when nothing is in flight any more.
 *
 * @throws UsageError `serve-no-folder`, `serve-port`, `serve-public-url`; ProfileDripError `serve-busy` (75) where
 * another process has the folder, or has taken it over; MachineError where it cannot be written to.
 */
export async function serveFolder(options: ServeOptions, hooks: ServeHooks, machine: Machine): Promise<void> {
  requireShortAddress(options);
  await requireFolder(machine, options.dir);
  const runId = machine.newRunId();
  const lock = await lockFolder(machine, options.dir, runId);
  try {
    await serveUnderLock(options, hooks, machine, lock, runId);
  } finally {
    await lock.release();
  }
}

async function serveUnderLock(
  options: ServeOptions,
  hooks: ServeHooks,
  machine: Machine,
  lock: Lock,
  runId: string,
): Promise<void> {
  const stop = new AbortController();
  let lost: ProfileDripError | null = null;
  lock.onLost = (error) => {
    lost = error;
    stop.abort(error.code);
  };
  const signal = AbortSignal.any([stop.signal, hooks.signal]);
  const running = new Queues(options, { ...hooks, signal }, machine, runId);
  const room = new Room(machine, options.dir);
  let url = '';
  const gateway: Gateway = {
    options,
    disk: machine.disk,
    get url() {
      return url;
    },
    isEnding: () => signal.aborted,
    queueOf: (clientCode) => running.of(clientCode),
    queues: () => running.all(),
    hasRoom: () => room.isThere(),
    say: (level, code, message, clientCode) => {
      const place = clientCode === null ? null : queuePlace(options.dir, clientCode);
      hooks.onEvent({ kind: 'notice', level, code, message }, place);
    },
  };
  const server = await startServer(options.host, options.port, machine.clock, (request, mayContinue) =>
    answerRequest(gateway, request, mayContinue),
  );
  try {
    const host = options.host.includes(':') ? `[${options.host}]` : options.host;
    url = options.publicUrl ?? `http://${host}:${server.port}`;
    await running.openEarlier();
    hooks.onListening(url);
    await aborted(signal);
  } finally {
    stop.abort('SIGTERM'); // where what earlier runs left cannot be read, too
    await Promise.all([server.close(options.send.graceMs), running.end()]);
  }
  if (lost !== null) throw lost;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The queues by client code, each opened once, when there is something for it. */
class Queues {
  readonly #options: ServeOptions;
  readonly #hooks: ServeHooks;
  readonly #machine: Machine;
  readonly #runId: string;
  readonly #opening = new Map<string, Promise<ClientQueue>>();
  readonly #open: ClientQueue[] = [];
  readonly #running: Promise<void>[] = [];

  constructor(options: ServeOptions, hooks: ServeHooks, machine: Machine, runId: string) {
    this.#options = options;
    this.#hooks = hooks;
    this.#machine = machine;
    this.#runId = runId;
  }

  all(): readonly ClientQueue[] {
    return this.#open;
  }

  async of(clientCode: string): Promise<ClientQueue | null> {
    const known = this.#opening.get(clientCode);
    if (known !== undefined) return known;
    if (this.#opening.size >= queuesMax) return null;
    const opening = this.#start(clientCode);
    this.#opening.set(clientCode, opening);
    opening.catch(() => this.#opening.delete(clientCode)); // the next batch tries again
    return opening;
  }

  /** What earlier runs left is resumed; a folder of a client code that is not served any more is told. */
  async openEarlier(): Promise<void> {
    const { disk } = this.#machine;
    const { dir, clientCodes } = this.#options;
    const names = await onDisk(`look at ${dir}`, () => disk.list(dir));
    for (const name of names.sort()) {
      if (clientCodeOf(name) !== name) continue;
      const found = await unlessMissing(disk.stat(join(dir, name)));
      if (found?.kind !== 'folder') continue;
      if (clientCodes === null || clientCodes.includes(name)) await this.of(name);
      else {
        const message = `${join(dir, name)}: not sent, because --client-code does not name ${name}`;
        this.#hooks.onEvent({ kind: 'notice', level: 'warning', code: 'serve-not-served', message }, null);
      }
    }
    for (const clientCode of clientCodes ?? []) await this.of(clientCode);
  }

  async end(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    await Promise.all(this.#running);
  }

  async #start(clientCode: string): Promise<ClientQueue> {
    const queue = await ClientQueue.open(clientCode, this.#options, this.#hooks, this.#machine, this.#runId);
    this.#open.push(queue);
    this.#running.push(queue.run());
    return queue;
  }
}

async function lockFolder(machine: Machine, dir: string, runId: string): Promise<Lock> {
  try {
    return await acquireLock({ ...machine, path: join(dir, '.serve.lock'), runId });
  } catch (error) {
    if (!(error instanceof ProfileDripError) || error.code !== 'job-busy') throw error;
    const message = `another profile-drip serve works on ${dir}`;
    throw new ProfileDripError('serve-busy', message, exitStatus.busy, { cause: error });
  }
}

async function requireFolder({ disk }: Machine, dir: string): Promise<void> {
  const found = await onDisk(`look at ${dir}`, () => unlessMissing(disk.stat(dir)));
  if (found?.kind === 'folder') return;
  const what = found === null ? 'it does not exist' : 'it is not a folder';
  throw new UsageError('serve-no-folder', `--dir: expected a folder at ${dir}; ${what}. Create it, or check the path`);
}

/** Jobs keep the status address in fields of 255 characters. */
function requireShortAddress({ publicUrl, clientCodes }: ServeOptions): void {
  const longest = Math.max(0, ...(clientCodes ?? []).map(({ length }) => length));
  const length = `${publicUrl ?? ''}/m2/`.length + longest + '/profile/batchStatus?batchId='.length + longest + 35;
  if (length <= statusAddressMax) return;
  const message = `--public-url: expected an address so short that the status address stays under 255 characters; found one that makes it ${length}`;
  throw new UsageError('serve-public-url', message);
}

/** How long an answer holds, because each question costs the disk a write and callers may ask often. */
const roomHoldsMs = 2000;

/** Whether something can be put on disk. It writes, because a file system that reports free space may refuse this user. */
class Room {
  readonly #machine: Machine;
  readonly #dir: string;
  #askedMonotonicMs = Number.NEGATIVE_INFINITY;
  #answer: Promise<boolean> = Promise.resolve(true);

  constructor(machine: Machine, dir: string) {
    this.#machine = machine;
    this.#dir = dir;
  }

  isThere(): Promise<boolean> {
    const nowMonotonicMs = this.#machine.clock.monotonicMs();
    if (nowMonotonicMs - this.#askedMonotonicMs >= roomHoldsMs) {
      this.#askedMonotonicMs = nowMonotonicMs;
      this.#answer = this.#attempt();
    }
    return this.#answer;
  }

  async #attempt(): Promise<boolean> {
    const { disk, newRunId } = this.#machine;
    const path = join(this.#dir, `.probe-${newRunId()}.tmp`);
    try {
      const file = await disk.open(path, 'create');
      try {
        await file.append(new Uint8Array(4096));
        await file.sync();
      } finally {
        await file.close();
        await disk.remove(path);
      }
      return true;
    } catch {
      return false;
    }
  }
}
