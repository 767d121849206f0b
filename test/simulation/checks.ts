import type { RouteName } from '../../src/terms/outcome.js';
import type { PlannedRow, Scenario } from './scenario.js';
import { header } from './scenario.js';
import type { SimDisk } from './sim-disk.js';
import type { Arrival, SimServer } from './sim-server.js';

/** The promises, checked from outside: from the server's own log and the job's files alone. */
export function checkRun(file: string, scenario: Scenario, disk: SimDisk, server: SimServer): string[] {
  const results = readResults(disk.content(`${file}.results.csv`)?.toString() ?? '');
  return [
    ...checkLines(scenario, results),
    ...checkUpdates(scenario, results),
    ...checkStatuses(scenario, results, server),
    ...checkValues(scenario, results, server),
    ...checkOrder(scenario, server),
    ...checkRoutes(server),
    ...checkCap(scenario, 'left here', server.left),
    ...checkCap(scenario, 'arrived at the server', server.arrived),
    ...checkRejects(scenario, results, disk.content(`${file}.rejects.csv`)?.toString() ?? null),
  ];
}

interface Line {
  readonly row: number;
  readonly status: string;
  /** The row whose update it went with: its own number where it went by itself. */
  readonly withRow: number;
}

const withRowForm = /(?:^"coalesced: with|: coalesced with) row (\d+)"$/;

function readResults(text: string): Line[] {
  return text
    .split('\n')
    .slice(1, -1)
    .map((line) => {
      const cells = line.split(',');
      const withRow = withRowForm.exec(cells[8] ?? '')?.[1] ?? cells[0];
      return { row: Number(cells[0]), status: cells[3] ?? '', withRow: Number(withRow) };
    });
}

function checkLines(scenario: Scenario, results: readonly Line[]): string[] {
  const counts = new Map<number, number>();
  for (const { row } of results) counts.set(row, (counts.get(row) ?? 0) + 1);
  const wrong = scenario.rows.filter(({ rowNumber }) => counts.get(rowNumber) !== 1);
  const strange = results.length - scenario.rows.length + wrong.length;
  if (wrong.length === 0 && strange === 0) return [];
  return [`not one line a row: ${wrong.map((row) => `${row.rowNumber}×${counts.get(row.rowNumber) ?? 0}`)}`];
}

/** The lines of one update: of one visitor, one status, in the file's order and with nothing between them. */
function checkUpdates(scenario: Scenario, results: readonly Line[]): string[] {
  const idOf = ({ row }: Line) => scenario.rows[row - 1]?.id;
  return results.flatMap((line, index) => {
    if (line.withRow === line.row) return [];
    const next = results[index + 1];
    const isRight =
      next !== undefined &&
      next.withRow === line.withRow &&
      next.row > line.row &&
      next.status === line.status &&
      idOf(next) === idOf(line);
    return isRight ? [] : [`the line after row ${line.row} is not of the update with row ${line.withRow}`];
  });
}

/** What the rows that were submitted say last of each attribute is what Target holds, but where a row that failed may have set it. */
function checkValues(scenario: Scenario, results: readonly Line[], server: SimServer): string[] {
  const statuses = new Map(results.map(({ row, status }) => [row, status]));
  const wanted = new Map<string, string>();
  for (const { rowNumber, id, values } of scenario.rows) {
    const status = statuses.get(rowNumber);
    for (const [name, value] of values) {
      if (status === 'submitted') wanted.set(`${id} ${name}`, value);
      else if (status === 'failed') wanted.delete(`${id} ${name}`);
    }
  }
  const profiles = server.profiles('left');
  return [...wanted].flatMap(([key, value]) => {
    const [id = '', name = ''] = key.split(' ');
    const held = profiles.get(id)?.get(name);
    return held === value ? [] : [`${key} is ${held}, and the file says ${value}`];
  });
}

function checkStatuses(scenario: Scenario, results: readonly Line[], server: SimServer): string[] {
  const lines = new Map(results.map((line) => [line.row, line]));
  const taken = new Set(ownAttempts(server).map(({ values }) => values.get('profile.row')));
  return scenario.rows.flatMap((row) => {
    const { status = 'none', withRow = row.rowNumber } = lines.get(row.rowNumber) ?? {};
    const isBlocked = scenario.server.blocks(`${withRow}`) !== null;
    const isRight =
      row.kind === 'sendable'
        ? status === 'submitted'
          ? taken.has(`${withRow}`)
          : status === 'refused'
            ? withRow === row.rowNumber && (scenario.server.refuses(row.id) || isBlocked)
            : status === 'failed' && (hasTrouble(scenario) || isBlocked)
        : status === row.kind;
    return isRight ? [] : [`row ${row.rowNumber} (${row.kind}) ended ${status}`];
  });
}

/** Whether rows can fail, and runs stop, that nothing blocks. */
export function hasTrouble({ server }: Scenario): boolean {
  return server.faultRate > 0 || server.hasOutage;
}

/** Those of this job: its neighbour's rows have the same numbers and other visitors. */
function ownAttempts(server: SimServer): readonly Arrival[] {
  return server.taken.filter(({ id }) => id.startsWith('v'));
}

/** Each visitor's rows in the file's order: after a row's last attempt that was taken, every later row is taken again or still. */
function checkOrder(scenario: Scenario, server: SimServer): string[] {
  const lastLeft = new Map<string, number>();
  for (const { values, leftTrueMs } of ownAttempts(server)) {
    const row = values.get('profile.row') ?? '';
    lastLeft.set(row, Math.max(lastLeft.get(row) ?? 0, leftTrueMs));
  }
  const before = new Map<string, { readonly row: PlannedRow; readonly leftTrueMs: number }>();
  const faults: string[] = [];
  for (const row of scenario.rows) {
    const leftTrueMs = lastLeft.get(`${row.rowNumber}`);
    if (leftTrueMs === undefined || row.kind !== 'sendable') continue;
    const earlier = before.get(row.id);
    if (earlier !== undefined && earlier.leftTrueMs >= leftTrueMs) {
      faults.push(`row ${earlier.row.rowNumber} of ${row.id} went out after row ${row.rowNumber}`);
    }
    before.set(row.id, { row, leftTrueMs });
  }
  return faults;
}

const dayMs = 86_400_000;

/** An update is applied within 24 hours, Delivery at once: it overtakes no update that is still on its way. */
function checkRoutes({ left }: SimServer): string[] {
  const lastUpdateMs = new Map<string, number>();
  const faults: string[] = [];
  for (const { id, route, trueMs } of left) {
    if (route === 'update') lastUpdateMs.set(id, trueMs);
    else if (trueMs - (lastUpdateMs.get(id) ?? Number.NEGATIVE_INFINITY) < dayMs) {
      faults.push(`${id} went by Delivery within a day of an update`);
    }
  }
  return faults;
}

interface Timed {
  readonly trueMs: number;
  readonly route: RouteName;
}

function checkCap(scenario: Scenario, where: string, attempts: readonly Timed[]): string[] {
  const { dailyCap, reserve, deliveryCap } = scenario.options;
  const of = (route: RouteName) => attempts.filter((one) => one.route === route).map(({ trueMs }) => trueMs);
  return [
    ...overLimit(dailyCap - reserve, where, of('update')),
    ...overLimit(deliveryCap ?? 0, `${where} by Delivery`, of('delivery')),
  ];
}

function overLimit(limit: number, where: string, timesMs: readonly number[]): string[] {
  const times = [...timesMs].sort((a, b) => a - b);
  const over = times.findIndex((timeMs, index) => timeMs - (times[index - limit] ?? Number.NEGATIVE_INFINITY) < dayMs);
  return over < 0 ? [] : [`over ${limit} attempts in 24 hours, as ${where}`];
}

function checkRejects(scenario: Scenario, results: readonly Line[], rejects: string | null): string[] {
  const rejected = new Set(
    results.filter(({ status }) => ['invalid', 'refused', 'failed'].includes(status)).map(({ row }) => row),
  );
  const visitors = new Set<string>();
  const lines = scenario.rows.filter((row) => {
    if (rejected.has(row.rowNumber) && row.id !== '') visitors.add(row.id);
    return rejected.has(row.rowNumber) || visitors.has(row.id);
  });
  const wanted = lines.length === 0 ? null : `${[header, ...lines.map(({ line }) => line)].join('\n')}\n`;
  return rejects === wanted ? [] : ['the rejects do not match the results'];
}
