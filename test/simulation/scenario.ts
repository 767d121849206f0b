import type { SendOptions } from '../../src/job/terms/options.js';
import { usualSendOptions } from '../support/usual-send-options.js';
import type { Block, ServerPlan } from './sim-server.js';
import type { World } from './simulated-world.js';

/** A data row of a simulated file, and how it must end. */
export interface PlannedRow {
  readonly rowNumber: number;
  readonly line: string;
  readonly kind: 'sendable' | 'skipped' | 'invalid';
  /** '' where the id itself is what is wrong. */
  readonly id: string;
  readonly values: ReadonlyMap<string, string>;
}

/** Everything that one seed decides before the first life begins. */
export interface Scenario {
  readonly rows: readonly PlannedRow[];
  readonly text: string;
  readonly options: SendOptions;
  readonly server: ServerPlan;
  readonly deathCountMax: number;
  /** Of deaths, 0 to 1: the rest are kills. */
  readonly powerLossShare: number;
  readonly meanLifeMs: number;
  /** Wall clock steps and sleeps of the machine while a process lives. */
  readonly hasClockTrouble: boolean;
  /** Of lives, 0 to 1, how many have --coalesce: a job may be resumed with it or without it. */
  readonly coalesceShare: number;
  /** Another job of the same client code runs beside this one. */
  readonly hasNeighbour: boolean;
  /** Of lives that have --on-cap delivery, 0 to 1: the rest are without. */
  readonly overflowShare: number;
}

export const header = 'batch=thirdPartyId,row,colour,city';
const hourMs = 3_600_000;

export function makeScenario(world: World): Scenario {
  const visitorCount = world.whole(3, 40);
  const hasHotVisitor = world.chance(0.3);
  const rows = Array.from({ length: world.whole(20, 150) }, (_, index) =>
    makeRow(world, index + 1, hasHotVisitor && index % 2 === 0 ? 'v0' : `v${world.whole(1, visitorCount)}`),
  );
  const hasTightCap = world.chance(0.08);
  const downFromMs = world.whole(0, 20_000);
  const downForMs = world.chance(0.25) ? world.whole(10_000, hourMs) : 0;
  const refusedVisitor = world.chance(0.5) ? `v${world.whole(1, visitorCount)}` : null;
  const scenario = {
    rows,
    text: `${[header, ...rows.map((row) => row.line)].join('\n')}\n`,
    options: makeOptions(
      world,
      hasTightCap ? Math.max(20, Math.ceil(rows.length * (0.5 + world.random.next()))) : 100_000,
    ),
    server: {
      faultRate: world.chance(0.5) ? world.random.next() * 0.25 : 0,
      refuses: (id: string) => id === refusedVisitor,
      hasOutage: downForMs > 0,
      isDown: (trueMs: number) => trueMs >= downFromMs && trueMs < downFromMs + downForMs,
      latencyMsMax: world.whole(2, 400),
    },
    deathCountMax: world.whole(0, 8),
    powerLossShare: world.chance(0.5) ? 0.5 : 0,
    meanLifeMs: world.chance(0.7) ? world.whole(200, 8000) : world.whole(10_000, 20 * hourMs),
    hasClockTrouble: world.chance(0.3),
    hasNeighbour: world.chance(0.3),
  };
  const blocks = makeBlocks(world, rows.length);
  const drawn = drawRoutes(world, scenario.options, rows.length);
  const coalesceShare = [0, 0.5, 1][world.whole(0, 2)] ?? 0;
  return {
    ...scenario,
    ...drawn,
    coalesceShare,
    server: { ...scenario.server, blocks: (row) => blocks.get(Number(row)) ?? null },
  };
}

/** Some jobs go by Delivery, and some by both routes, with a cap that is used up early. */
function drawRoutes(world: World, options: SendOptions, rowCount: number): Pick<Scenario, 'options' | 'overflowShare'> {
  const dice = world.random.next();
  const overflowShare = world.chance(0.5) ? 1 : 0.6;
  if (dice < 0.12) return { options: { ...options, route: 'delivery', deliveryCap: options.dailyCap }, overflowShare };
  if (dice > 0.42) return { options, overflowShare };
  // Half of the rows a day at least: weeks of waiting would only take time.
  const few = () => world.whole(Math.ceil(rowCount / 2), rowCount);
  const dailyCap = few();
  const deliveryCap = world.chance(0.3) ? few() : 100_000;
  return { options: { ...options, onCap: 'delivery', dailyCap, deliveryCap }, overflowShare };
}

const blockKinds: readonly Block[] = ['forbidden', 'unauthorized', 'redirected', 'not-found', 'page', 'reset'];
/** Rows before that are let through, so that some of the job are taken: before, such an answer stops any run. */
const firstBlockedRow = 31;

/** A few rows, neighbours or not, the last ones among them, that something in between refuses: fewer than make an outage. */
function makeBlocks(world: World, rowCount: number): Map<number, Block> {
  const blocks = new Map<number, Block>();
  if (rowCount < firstBlockedRow || world.chance(0.4)) return blocks;
  const kind = blockKinds[world.whole(0, blockKinds.length - 1)] ?? 'reset';
  const isBlock = world.chance(0.6);
  const count = world.whole(1, 9);
  const first = world.chance(0.5) ? rowCount - count + 1 : world.whole(firstBlockedRow, rowCount);
  for (let index = 0; index < count; index += 1) {
    const row = isBlock ? first + index : world.whole(firstBlockedRow, rowCount);
    if (row >= firstBlockedRow) blocks.set(row, kind);
  }
  return blocks;
}

function makeRow(world: World, rowNumber: number, id: string): PlannedRow {
  const dice = world.random.next();
  if (dice < 0.04) return { rowNumber, line: `,${rowNumber},red`, kind: 'invalid', id: '', values: new Map() };
  if (dice < 0.08) {
    return { rowNumber, line: `${id},${rowNumber},red,rome,too many`, kind: 'invalid', id, values: new Map() };
  }
  if (dice < 0.12) return { rowNumber, line: `${id},,`, kind: 'skipped', id, values: new Map() };
  const colour = world.chance(0.7) ? `c${world.whole(1, 99)}` : '';
  const city = world.chance(0.4) ? `t${world.whole(1, 99)}` : null;
  const values = new Map([['profile.row', `${rowNumber}`]]);
  if (colour !== '') values.set('profile.colour', colour);
  if (city !== null) values.set('profile.city', city);
  const line = `${id},${rowNumber},${colour}${city === null ? '' : `,${city}`}`;
  return { rowNumber, line, kind: 'sendable', id, values };
}

function makeOptions(world: World, dailyCap: number): SendOptions {
  return usualSendOptions({
    concurrency: world.whole(1, 12),
    ratePerSecond: world.chance(0.5) ? 0 : world.whole(2, 200),
    dailyCap,
    reserve: world.chance(0.2) ? 5 : 0,
    onCap: world.chance(0.8) ? 'wait' : 'stop',
    retries: world.whole(1, 6),
    timeoutMs: world.whole(1, 40) * 1000,
    maxFailures: { kind: 'rows', rows: 1_000_000 },
    stateDir: '/state',
  });
}
