import type { OutgoingTry, Reply, Transport } from '../../src/platform/ports.js';
import type { RouteName } from '../../src/terms/outcome.js';
import type { World } from './simulated-world.js';

/** An attempt that reached the server and was taken, or was sent by the client: with when it left and when it arrived. */
export interface Arrival {
  readonly route: RouteName;
  readonly id: string;
  readonly values: ReadonlyMap<string, string>;
  readonly leftTrueMs: number;
  readonly arrivedTrueMs: number;
  readonly life: number;
}

/** What something in between makes of a row that it does not like. */
export type Block = 'forbidden' | 'unauthorized' | 'redirected' | 'not-found' | 'page' | 'reset';

export interface ServerPlan {
  /** The share of attempts, 0 to 1. */
  readonly faultRate: number;
  /** Visitors that are always refused. */
  readonly refuses: (id: string) => boolean;
  /** Rows that never come through, by the number in their first attribute. */
  readonly blocks: (row: string) => Block | null;
  /** Whether `isDown` ever says yes: a small file's rows can use up their attempts in an outage that is not seen as one. */
  readonly hasOutage: boolean;
  /** While it answers true (true time), no connection can be made. */
  readonly isDown: (trueMs: number) => boolean;
  readonly latencyMsMax: number;
}

/** Stands in for Target and the network before it, with an exact log of its own. It shares no code with the program. */
export class SimServer {
  readonly #world: World;
  readonly #plan: ServerPlan;
  /** Every attempt whose bytes left, in the order in which they did. */
  readonly left: {
    readonly trueMs: number;
    readonly life: number;
    readonly id: string;
    readonly route: RouteName;
  }[] = [];
  /** Attempts that the server took, in the order of their arrival. */
  readonly taken: Arrival[] = [];
  /** Arrivals of every attempt that came through, taken or not: what counts for the server's own cap. */
  readonly arrived: { readonly trueMs: number; readonly route: RouteName }[] = [];
  /** When each success reached the program, and for which row. */
  readonly successes: { readonly awakeMs: number; readonly life: number; readonly row: string }[] = [];

  constructor(world: World, plan: ServerPlan) {
    this.#world = world;
    this.#plan = plan;
  }

  transport(life: number, isAlive: () => boolean): Transport {
    const aborts = new Set<() => void>();
    return {
      send: (outgoing, sender) => {
        const settle = (reply: Reply) => {
          if (!aborts.delete(abort)) return;
          if (reply.kind === 'answered' && isSuccess(reply.body)) {
            this.successes.push({ awakeMs: this.#world.awakeMs, life, row: rowOf(outgoing) });
          }
          queueMicrotask(() => sender.settled(reply)); // never inside `send` or `abortAll`
        };
        const abort = () => settle({ kind: hasLeft ? 'aborted' : 'not-started' });
        let hasLeft = false;
        aborts.add(abort);
        // undici writes a moment after the dispatch, and later where a connection is to be made first.
        this.#world.at(this.#world.chance(0.1) ? this.#world.whole(1, 2000) : 0, () => {
          if (!isAlive() || !aborts.has(abort)) return;
          if (this.#plan.isDown(this.#world.trueMs)) {
            settle({ kind: 'broken', errorCode: 'ECONNREFUSED', message: 'connect ECONNREFUSED' });
          } else if (sender.mayStart()) {
            hasLeft = true;
            this.#carry(outgoing, life, isAlive, settle);
          } else {
            settle({ kind: 'not-started' });
          }
        });
      },
      abortAll: () => {
        for (const abort of [...aborts]) abort();
      },
      close: async () => {},
    };
  }

  /** Visitor → attribute → value, as they stand when attempts are applied in the order in which they left. */
  profiles(order: 'left' | 'arrived'): Map<string, Map<string, string>> {
    const key = order === 'left' ? 'leftTrueMs' : 'arrivedTrueMs';
    const profiles = new Map<string, Map<string, string>>();
    for (const { id, values } of [...this.taken].sort((a, b) => a[key] - b[key])) {
      const profile = profiles.get(id) ?? new Map<string, string>();
      for (const [name, value] of values) profile.set(name, value);
      profiles.set(id, profile);
    }
    return profiles;
  }

  #carry(outgoing: OutgoingTry, life: number, isAlive: () => boolean, settle: (reply: Reply) => void): void {
    const { route, id, values, notificationIds } = readRequest(outgoing);
    const leftTrueMs = this.#world.trueMs;
    this.left.push({ trueMs: leftTrueMs, life, id, route });
    const { timeoutMs } = outgoing;
    const wayMs = this.#world.whole(1, this.#plan.latencyMsMax);
    const fault = this.#world.chance(this.#plan.faultRate) ? this.#world.whole(1, 9) : 0;
    const isLost = fault === 1;
    const isLate = fault === 2; // the reply does not come in time, the attempt does
    const arrivesAfterMs = isLate ? this.#world.whole(wayMs, Math.floor(timeoutMs * 0.99)) : wayMs;
    const answer = (reply: Reply) => {
      if (isAlive()) settle(reply);
    };
    if (isLost || isLate) {
      this.#world.at(timeoutMs, () => answer({ kind: 'timed-out' }));
    }
    if (isLost) return;
    this.#world.at(arrivesAfterMs, () => {
      this.arrived.push({ trueMs: this.#world.trueMs, route });
      const block = this.#plan.blocks(rowOf(outgoing));
      const reply = block === null ? this.#judge(fault, id, notificationIds) : { taken: false, reply: blocked(block) };
      if (reply.taken) {
        this.taken.push({ route, id, values, leftTrueMs, arrivedTrueMs: this.#world.trueMs, life });
      }
      if (!isLate) this.#world.at(this.#world.whole(1, this.#plan.latencyMsMax), () => answer(reply.reply));
    });
  }

  /** `notificationIds`: of a Delivery request; `null`: an update. */
  #judge(fault: number, id: string, notificationIds: readonly string[] | null): { taken: boolean; reply: Reply } {
    const answered = (httpStatus: number, body: string, retryAfter: string | null = null): Reply => ({
      kind: 'answered',
      httpStatus,
      body,
      retryAfter,
    });
    switch (fault) {
      case 3:
        return { taken: true, reply: { kind: 'broken', errorCode: 'ECONNRESET', message: 'read ECONNRESET' } };
      case 4:
        return { taken: false, reply: { kind: 'broken', errorCode: 'UND_ERR_SOCKET', message: 'other side closed' } };
      case 5:
        return { taken: false, reply: answered(503, 'later', this.#world.chance(0.5) ? '7' : null) };
      case 6:
        return { taken: false, reply: answered(500, '<html>oops</html>') };
      case 7:
        return {
          taken: this.#world.chance(0.5),
          reply: answered(200, notificationIds === null ? '<html>Welcome</html>' : deliveryReply([])),
        };
      case 8:
        return { taken: false, reply: answered(429, '', 'not a number') };
      default:
        if (this.#plan.refuses(id)) return { taken: false, reply: answered(400, '<error>no such thing</error>') };
        return {
          taken: true,
          reply: answered(
            200,
            notificationIds === null ? 'trueRequest successfully submitted' : deliveryReply(notificationIds),
          ),
        };
    }
  }
}

function blocked(block: Block): Reply {
  if (block === 'reset') return { kind: 'broken', errorCode: 'ECONNRESET', message: 'read ECONNRESET' };
  const statuses = { forbidden: 403, unauthorized: 401, redirected: 302, 'not-found': 404, page: 200 };
  return { kind: 'answered', httpStatus: statuses[block], retryAfter: null, body: '<html>blocked</html>' };
}

interface SimRequest {
  readonly route: RouteName;
  readonly id: string;
  /** `profile.<name>` and value. */
  readonly values: ReadonlyMap<string, string>;
  readonly notificationIds: readonly string[] | null;
}

interface DeliveryBody {
  readonly id: { readonly thirdPartyId: string };
  readonly notifications: readonly { readonly id: string; readonly profileParameters: Record<string, string> }[];
}

function readRequest({ path, body }: OutgoingTry): SimRequest {
  if (!path.startsWith('/rest/v1/delivery?')) {
    const form = [...new URLSearchParams(body ?? '')];
    const id = form.find(([name]) => name === 'mbox3rdPartyId')?.[1] ?? '';
    const values = new Map(form.filter(([name]) => name.startsWith('profile.')));
    return { route: 'update', id, values, notificationIds: null };
  }
  const { id, notifications }: DeliveryBody = JSON.parse(body ?? '');
  const values = new Map<string, string>();
  for (const { profileParameters } of notifications) {
    for (const [name, value] of Object.entries(profileParameters)) values.set(`profile.${name}`, value);
  }
  const notificationIds = notifications.map((one) => one.id);
  return { route: 'delivery', id: id.thirdPartyId, values, notificationIds };
}

function deliveryReply(notificationIds: readonly string[]): string {
  const notifications = notificationIds.map((id) => ({ id }));
  return JSON.stringify({ status: 200, requestId: 'r', client: 'acme', notifications });
}

function isSuccess(body: string): boolean {
  return body.startsWith('true') || body.includes('"notifications":[{');
}

/** Every row of a simulated file carries its own number in its first attribute. */
function rowOf(outgoing: OutgoingTry): string {
  return readRequest(outgoing).values.get('profile.row') ?? '';
}
