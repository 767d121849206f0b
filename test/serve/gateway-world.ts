import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { FileEnd } from '../../src/drop/options.js';
import type { SendEvent } from '../../src/job/terms/events.js';
import type { Machine } from '../../src/job/terms/machine.js';
import { folderHome } from '../../src/ledger/folder/folder-home.js';
import { openLedgerStore } from '../../src/ledger/folder/lmdb-store.js';
import { systemClock } from '../../src/platform/clock.js';
import type { Clock } from '../../src/platform/ports.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.js';
import type { ServeOptions } from '../../src/serve/options.js';
import { serveFolder } from '../../src/serve/serve.js';
import { completeSettings } from '../../src/settings/library.js';
import { realMachine } from '../../src/wiring/machine.js';
import { atEndOfFile, temporaryFolder } from '../support/index.js';

/** A gateway in this process, and the Target that it sends to. */
export interface GatewayWorld {
  readonly dir: string;
  readonly url: string;
  readonly sandbox: Sandbox;
  readonly ends: FileEnd[];
  readonly events: SendEvent[];
  notices(): string[];
  /** All files, by their paths in the folder, sorted; without the date of the archive. */
  files(): string[];
  end(reason?: string): Promise<void>;
}

export type GatewayOptions = Partial<Omit<ServeOptions, 'send'>> & {
  readonly send?: Partial<ServeOptions['send']>;
  readonly sandbox?: Partial<SandboxOptions>;
  readonly machine?: Partial<Machine>;
};

export async function startedSandbox(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const faultless = { knownOnly: false, cap: null, token: null, latencyMs: 0, errorRate: 0, seed: 1 };
  const sandbox = await startSandbox({ ...faultless, port: 0, clock: systemClock, ...options });
  atEndOfFile(() => sandbox.close());
  return sandbox;
}

export async function startedGateway(options: GatewayOptions = {}): Promise<GatewayWorld> {
  const parent = await temporaryFolder();
  const dir = options.dir ?? join(parent, 'batches');
  mkdirSync(dir, { recursive: true });
  const sandbox = await startedSandbox(options.sandbox);
  const stop = new AbortController();
  const ends: FileEnd[] = [];
  const events: SendEvent[] = [];
  const settings = completeSettings(
    { endpoint: sandbox.url, ratePerSecond: 0, stateDir: join(parent, 'state') },
    null,
    { environment: {}, homeDir: parent },
  );
  const serveOptions: ServeOptions = {
    host: '127.0.0.1',
    port: 0,
    clientCodes: null,
    credentials: null,
    publicUrl: null,
    maxBodyBytes: 52_428_800,
    tokenFiles: new Map(),
    ...options,
    dir,
    send: { ...settings, clientCode: '', token: null, tokenFile: null, ...options.send },
  };
  let done: Promise<void> = Promise.resolve();
  const url = await new Promise<string>((resolve, reject) => {
    done = serveFolder(
      serveOptions,
      {
        signal: stop.signal,
        onListening: resolve,
        onEvent: (event) => events.push(event),
        onQueue: () => {},
        onBatchEnd: (end) => ends.push(end),
      },
      { ...realMachine, ...onClock(options.machine?.clock), ...options.machine },
    );
    done.catch(reject);
  });
  const end = async (reason = 'SIGTERM') => {
    stop.abort(reason);
    await done;
  };
  atEndOfFile(() => end().catch(() => {}));
  return {
    dir,
    url,
    sandbox,
    ends,
    events,
    end,
    notices: () => events.flatMap((event) => (event.kind === 'notice' ? [event.code] : [])),
    files: () =>
      readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(dir, join(entry.parentPath, entry.name)).replace(/\d{4}-\d\d-\d\d\//, ''))
        .sort(),
  };
}

/** What a client is answered, with what differs from call to call left out. */
export interface Answer {
  readonly httpStatus: number;
  readonly body: string;
}

export async function call(url: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url + path, init);
  return { httpStatus: response.status, body: await response.text() };
}

export function send(url: string, body: string | Buffer, headers: Record<string, string> = {}, code = 'acme') {
  const content = typeof body === 'string' ? body : new Uint8Array(body);
  return call(url, `/m2/${code}/v2/profile/batchUpdate`, { method: 'POST', body: content, headers });
}

/** As jobs do: by cutting between tags. */
export function between(body: string, tag: string): string {
  return body.split(`<${tag}>`)[1]?.split(`</${tag}>`)[0] ?? '';
}

export function statusOf(answer: Answer): Promise<Answer> {
  return call(between(answer.body, 'batchStatus'), '&showDetails=true');
}

/** Asks as a job does, until the batch has this status. */
export async function until(answer: Answer, status: string): Promise<Answer> {
  for (;;) {
    const found = await statusOf(answer);
    if (between(found.body, 'status') === status) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function stored(world: GatewayWorld, path: string): string {
  const day = readdirSync(join(world.dir, 'acme', 'archive'))[0] ?? '';
  return readFileSync(join(world.dir, 'acme', 'archive', day, path), 'utf8');
}

/** The state of a machine whose time the test moves: the real one goes by the real clock. */
function onClock(clock: Clock | undefined): Partial<Machine> {
  if (clock === undefined) return {};
  return {
    openLedger: async ({ stateDir }) =>
      folderHome(await openLedgerStore(stateDir), clock, realMachine.bootClock, stateDir),
    openMemory: async () => null,
  };
}
