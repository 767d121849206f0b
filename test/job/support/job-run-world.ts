import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { rowSource } from '../../../src/job/rows/row-source.js';
import { type JobEnd, runJob } from '../../../src/job/run-job.js';
import { capOfRoute } from '../../../src/job/terms/cap-of-route.js';
import type { Machine } from '../../../src/job/terms/machine.js';
import type { SendHooks, SendOptions } from '../../../src/job/terms/options.js';
import { folderHome } from '../../../src/ledger/folder/folder-home.js';
import { memoryLedgerStore } from '../../../src/ledger/in-process-store.js';
import { capView } from '../../../src/ledger/status.js';
import type { LookUp, Transport } from '../../../src/platform/ports.js';
import { systemProcessProbe } from '../../../src/platform/process-probe.js';
import { makeTransport } from '../../../src/target-api/client.js';
import {
  type Listening,
  listen,
  type MovedClock,
  movedClock,
  seededRandom,
  settle,
  temporaryFolder,
} from '../../support/index.js';
import { usualSendOptions } from '../../support/usual-send-options.js';
import { type WatchedDisk, watchedDisk } from './watched-disk.js';

/** What the server does with a request: answers it, cuts the connection, or lets it wait for ever. */
export type Answer = { status?: number; body?: string; headers?: Record<string, string> } | 'reset' | 'stall';

export interface Seen {
  readonly route: 'update' | 'delivery';
  readonly path: string;
  readonly id: string;
  /** Of a Delivery request: its profile parameters. */
  readonly values: URLSearchParams;
  /** Ids of notifications. */
  readonly notifications: readonly string[];
  readonly authorization: string | undefined;
  /** On the moved clock. */
  readonly atMs: number;
}

export const taken: Answer = {
  body: '<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>',
};

/** As the Delivery API answers: it names each notification. */
export function delivered({ notifications }: Pick<Seen, 'notifications'>): Answer {
  const reply = { status: 200, requestId: 'r', client: 'acme', notifications: notifications.map((id) => ({ id })) };
  return { body: JSON.stringify(reply) };
}

/**
 * Runs over real files, a real server and a real pool of connections, in a time that a test moves: whenever nothing is
 * in flight, it jumps to what comes due next. So waits of hours take no time, and a run that nothing would wake is seen.
 */
export interface RunWorld {
  readonly folder: string;
  readonly clock: MovedClock;
  readonly disk: WatchedDisk;
  readonly server: Listening;
  /** What the server was sent, in its order. */
  readonly seen: Seen[];
  readonly machine: Machine;
  /** The machine's own `openTransport`, with names looked up by `lookUp`. */
  transportWith(lookUp: LookUp): Machine['openTransport'];
  readonly options: SendOptions;
  answer: (seen: Seen, index: number) => Answer | Promise<Answer>;
  path(name: string): string;
  /** Writes a file, and gives its path. */
  put(name: string, content: string | Buffer): Promise<string>;
  read(name: string): Promise<string>;
  /** The report's lines without the header, as cells (none of these tests has a comma in one, unless it says so). */
  results(name: string): Promise<string[][]>;
  run(file: string, options?: Partial<SendOptions>, hooks?: SendHooks, machine?: Partial<Machine>): Promise<JobEnd>;
  /** Moves time on until `work` is done. */
  drive<Value>(work: Promise<Value>): Promise<Value>;
}

const hoursMax = 24 * 60;

export async function runWorld(): Promise<RunWorld> {
  const folder = await temporaryFolder();
  const clock = movedClock();
  const disk = watchedDisk();
  const ledger = new Map<string, string>();
  const seen: Seen[] = [];
  let inFlightCount = 0;
  let stalledCount = 0;
  const server = await listen(async (request, response) => {
    const one = { ...(await receive(request)), atMs: clock.monotonicMs() };
    seen.push(one);
    const answer = await world.answer(one, seen.length - 1);
    if (answer === 'stall') {
      stalledCount += 1;
      response.on('close', () => {
        stalledCount -= 1;
      });
    } else give(answer, response);
  });
  const counted = (transport: Transport): Transport => ({
    send(outgoing, sender) {
      inFlightCount += 1;
      transport.send(outgoing, {
        mayStart: () => sender.mayStart(),
        settled: (reply) => {
          inFlightCount -= 1;
          sender.settled(reply);
        },
      });
    },
    abortAll: () => transport.abortAll(),
    close: () => transport.close(),
  });
  const transportWith =
    (lookUp: LookUp): Machine['openTransport'] =>
    async (destination, { concurrency, timeoutMs }) => {
      const settings = { connections: concurrency, connectTimeoutMs: timeoutMs };
      return counted(await makeTransport({ ...settings, destination, lookUp, environment: process.env, clock }));
    };
  const home = () => folderHome(memoryLedgerStore(ledger), clock, clock, 'memory');
  const machine: Machine = {
    clock,
    bootClock: clock,
    random: seededRandom(1),
    disk,
    processProbe: systemProcessProbe,
    input: () => {
      throw new Error('no standard input here');
    },
    readTextFile: (path) => readFile(path, 'utf8'),
    openRowSource: rowSource,
    lookUp: async () => [],
    openTransport: transportWith(async () => []),
    openLedger: async () => home(),
    lookAtCap: (options, isLoopback) => {
      const owner = { clientCode: options.clientCode, isLoopback };
      return capView(home(), { ...owner, ...capOfRoute(options, options.route) });
    },
    openMemory: async () => null,
    forgetMemory: async () => {},
    newRunId: () => `run-${clock.monotonicMs()}-${Math.trunc(machine.random.next() * 1e9)}`,
  };
  const isBusy = () => inFlightCount > stalledCount || !disk.isIdle();
  const world: RunWorld = {
    folder,
    clock,
    disk,
    server,
    seen,
    machine,
    transportWith,
    options: usualSendOptions({ endpoint: server.url, stateDir: join(folder, 'state'), concurrency: 8 }),
    answer: (one) => (one.route === 'delivery' ? delivered(one) : taken),
    path: (name) => join(folder, name),
    async put(name, content) {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    },
    read: (name) => readFile(join(folder, name), 'utf8'),
    async results(name) {
      const text = await readFile(join(folder, `${name}.results.csv`), 'utf8');
      return text
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split(','));
    },
    run: (file, options = {}, hooks = {}, others = {}) =>
      world.drive(runJob(file, { ...world.options, ...options }, hooks, { ...machine, ...others })),
    async drive(work) {
      let isOver = false;
      const done = work.finally(() => {
        isOver = true;
      });
      done.catch(() => {}); // the caller that awaits the result of `drive` gets the error
      const endMs = clock.monotonicMs() + hoursMax * 3_600_000;
      for (let idleCount = 0; !isOver; ) {
        await settle();
        idleCount = isBusy() ? 0 : idleCount + 1;
        if (idleCount < 3) continue;
        const waitMs = clock.untilNextMs();
        if (waitMs === null && idleCount > 5000) throw new Error('the run hangs: nothing would wake it');
        if (clock.monotonicMs() > endMs) throw new Error('the run does not come to an end');
        if (waitMs !== null) {
          await clock.advance(waitMs);
          idleCount = 0;
        }
      }
      return done;
    },
  };
  return world;
}

async function receive(request: IncomingMessage): Promise<Omit<Seen, 'atMs'>> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const path = request.url ?? '';
  if (path.startsWith('/rest/v1/delivery')) return receiveDelivery(path, body, request.headers.authorization);
  const values =
    request.method === 'GET' ? new URL(request.url ?? '', 'http://x').searchParams : new URLSearchParams(body);
  const id = values.get('mbox3rdPartyId') ?? values.get('mboxPC') ?? '';
  return { route: 'update', path, id, values, notifications: [], authorization: request.headers.authorization };
}

interface DeliveryBody {
  readonly id: { readonly thirdPartyId?: string; readonly tntId?: string };
  readonly notifications: readonly { readonly id: string; readonly profileParameters: Record<string, string> }[];
}

function receiveDelivery(path: string, body: string, authorization: string | undefined): Omit<Seen, 'atMs'> {
  const { id, notifications }: DeliveryBody = JSON.parse(body);
  return {
    route: 'delivery',
    path,
    id: id.thirdPartyId ?? id.tntId ?? '',
    values: new URLSearchParams(
      notifications.flatMap(({ profileParameters }) =>
        Object.entries(profileParameters).map(([name, value]): [string, string] => [`profile.${name}`, value]),
      ),
    ),
    notifications: notifications.map((one) => one.id),
    authorization,
  };
}

function give(answer: Exclude<Answer, 'stall'>, response: ServerResponse): void {
  if (answer === 'reset') response.destroy();
  else response.writeHead(answer.status ?? 200, answer.headers ?? {}).end(answer.body ?? '');
}

/** `v1,x` … under a header: one visitor a row. */
export function rowsText(count: number, from = 1): string {
  const rows = Array.from({ length: count }, (_, index) => `v${index + from},${index + from}\n`);
  return (from === 1 ? 'batch=thirdPartyId,row\n' : '') + rows.join('');
}

/** v1 … */
export function ids(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, index) => `v${index + from}`);
}
