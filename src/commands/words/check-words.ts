import type { CheckResult, FileCheck, Problem } from '../../check/check.js';
import { type Screen, styled } from '../../terminal/screen.js';
import { invalidCodes } from '../../terms/outcome.js';
import { columnLines, foldedText } from '../../text/columns.js';
import { harmless } from '../../text/harmless.js';
import { grouped } from '../../text/numbers.js';
import { counted, duration, localTime, percent, rate } from '../../text/words.js';
import { hintLines } from './hint-words.js';

/** What a check found, in words for a person. Ids and values are never among them. Pure. */

export interface CheckWordsOptions {
  readonly screen: Pick<Screen, 'hasColor' | 'isTerminal' | 'columns'>;
  readonly nowMs: number;
  readonly ratePerSecond: number;
  readonly pace: 'burst' | 'spread';
  readonly coalesce: boolean;
  readonly timeZone?: string;
  /** The command that sends a file as it was found; `null`: none does. */
  readonly commandFor: (check: FileCheck) => string | null;
}

/** With more columns than this the rest is left to --json. */
const attributesShownMax = 50;

export function checkText(result: CheckResult, options: CheckWordsOptions): string {
  const files = result.files.map((check) => fileText(check, options));
  return [...files, ...(files.length > 1 ? [totalText(result.files, options)] : [])].join('\n');
}

function fileText(check: FileCheck, options: CheckWordsOptions): string {
  const columns = columnsOf(options);
  const sections: (readonly string[])[] = [
    foldedText(headline(check, options.screen), columns),
    fateLines(check, options, columns),
    problemLines(check, columns),
    check.rows.total === 0 ? [] : attributeLines(check, columns),
    hintLines(check.hints, columns),
    check.rows.total === 0 ? [] : factLines(check, options, columns),
    commandLines(check, options),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

/** Lines in a file or a pipe are as long as they are. */
function columnsOf({ screen }: CheckWordsOptions): number {
  return screen.isTerminal ? screen.columns - 1 : Number.POSITIVE_INFINITY;
}

function faultOf({ problems }: FileCheck): Problem | undefined {
  return problems.find(({ code }) => !Object.hasOwn(invalidCodes, code));
}

function headline(check: FileCheck, screen: Pick<Screen, 'hasColor'>): string {
  const { rows } = check;
  const file = styled(screen, 'bold', harmless(check.file));
  const fault = faultOf(check);
  if (fault !== undefined) {
    const line = fault.examples[0]?.line;
    const from = rows.total === 0 || line === undefined ? '' : ` past line ${grouped(line)}`;
    const before = rows.total === 0 ? '' : `; before it, ${counted(rows.total, 'row')}`;
    return `${file}: ${styled(screen, 'red', `cannot be read${from}`)} (${fault.code})${before}`;
  }
  const all = counted(rows.total, 'row');
  if (rows.total === 0) return `${file}: no rows but the header`;
  if (rows.skipped === rows.total) {
    return `${file}: ${styled(screen, 'yellow', 'nothing to send')}: none of ${all} has a value`;
  }
  if (rows.invalid === 0 && check.hints.length > 0) {
    return `${file}: ${all} would be sent, ${styled(screen, 'yellow', 'but look at the hints first')}`;
  }
  if (rows.invalid === 0) return `${file}: ${styled(screen, 'green', 'all fine')}, ${all}`;
  return `${file}: ${styled(screen, 'red', `${grouped(rows.invalid)} of ${all} would not be sent`)}`;
}

const fates: readonly (readonly [Exclude<keyof FileCheck['rows'], 'total'>, string])[] = [
  ['sendable', 'would be sent'],
  ['skipped', 'without a value to send'],
  ['unchanged', 'identical to what was last submitted'],
  ['invalid', 'cannot be sent as they are'],
];

function fateLines({ rows }: FileCheck, { coalesce }: CheckWordsOptions, columns: number): string[] {
  const found = fates.filter(([fate]) => rows[fate] > 0);
  const each = coalesce ? '' : ', each as one update';
  return columnLines(
    found.map(([fate, meaning]) => [`  ${grouped(rows[fate])}`, fate, fate === 'sendable' ? meaning + each : meaning]),
    ['right', 'left', 'left'],
    columns,
  );
}

function problemLines({ problems }: FileCheck, columns: number): string[] {
  const rows = problems.filter(({ code }) => Object.hasOwn(invalidCodes, code));
  if (rows.length === 0) return [];
  const lines = columnLines(
    rows.map((problem) => [`  ${grouped(problem.count)}`, problem.code, problemText(problem)]),
    ['right', 'left', 'left'],
    columns,
  );
  return ['Why rows would not be sent:', ...lines];
}

function problemText({ code, count, examples }: Problem): string {
  const meaning: Readonly<Record<string, string>> = invalidCodes;
  const text = meaning[code] ?? code;
  if (examples.length === 0) return text;
  const numbers = examples.map(({ line }) => grouped(line)).join(', ');
  const more = count > examples.length ? ` and ${grouped(count - examples.length)} more` : '';
  return `${examples.length === 1 ? 'line' : 'lines'} ${numbers}${more}: ${text}`;
}

function attributeLines({ attributes, rows }: FileCheck, columns: number): string[] {
  const shown = attributes.slice(0, attributesShownMax);
  const nameColumns = Math.max(12, Math.min(40, columns - 44));
  const lines = columnLines(
    shown.map(({ name, filled, longest }) => [
      `  ${harmless(name, nameColumns)}`,
      percent(filled / rows.total),
      `${grouped(filled)} filled`,
      filled === 0 ? '' : `longest ${counted(longest, 'character')}`,
    ]),
    ['left', 'right', 'right', 'left'],
    columns,
  );
  const left = attributes.length - shown.length;
  return ['Attributes:', ...lines, ...(left === 0 ? [] : [`  and ${grouped(left)} more: --json lists them all`])];
}

function factLines(check: FileCheck, options: CheckWordsOptions, columns: number): string[] {
  const { visitors, repeated_visitors: repeated, largest_request_bytes: largest, plan } = check;
  const again = repeated === 0 ? 'none in more than one row' : `${grouped(repeated)} of them in more than one row`;
  const facts: (readonly [string, string])[] = [
    ['Visitors:', `${grouped(visitors)}, ${again}`],
    ['Largest:', `a request of ${counted(largest, 'byte')}`],
    ...(options.coalesce ? [['Coalesced:', coalescedText(check)] as const] : []),
    ['Plan:', planText(check, options)],
    ['Cap:', capText(plan)],
    ...overflowFacts(plan),
  ];
  return columnLines(facts, ['left', 'left'], columns);
}

/** One line to paste, however long it is. */
function commandLines(check: FileCheck, { commandFor }: CheckWordsOptions): string[] {
  const command = commandFor(check);
  return command === null ? [] : ['To send it as it was found:', `  ${command}`];
}

function planText({ plan }: FileCheck, { nowMs, timeZone, ratePerSecond, pace }: CheckWordsOptions): string {
  const updates = counted(plan.updates, 'update');
  if (plan.updates === 0) return `${updates}: nothing to send`;
  const end = localTime(Date.parse(plan.ends_at), nowMs, timeZone);
  const speed = pace === 'spread' ? 'spread over the day' : `at ${rate(ratePerSecond)} a second`;
  if (ratePerSecond === 0 && pace === 'burst') {
    return `${updates}, as fast as the endpoint answers; the waits for the cap alone take ${duration(plan.seconds * 1000)}`;
  }
  return `${updates} ${speed} take ${duration(plan.seconds * 1000)}: done at ${end} if started now`;
}

function coalescedText({ rows }: FileCheck): string {
  if (rows.coalesced === 0) return 'no update is saved: no two rows of a visitor wait in line together';
  const rowsGo = rows.coalesced === 1 ? '1 row goes' : `${grouped(rows.coalesced)} rows go`;
  return `${counted(rows.coalesced, 'update')} saved, because ${rowsGo} with a later row of the same visitor`;
}

function capText({ cap_left: left, updates }: FileCheck['plan']): string {
  if (left === null) return 'taken to be unused; with --client-code the plan counts what is used of it';
  const waits = updates > left ? ': the plan waits for more to come free' : '';
  return `${counted(left, 'update')} left of it now${waits}`;
}

/** With --on-cap delivery: how many rows go which way. */
function overflowFacts({ routes, delivery_cap_left: left }: FileCheck['plan']): (readonly [string, string])[] {
  if (left === null) return [];
  const waits = routes.delivery > left ? ': the rest waits for more to come free' : '';
  return [
    ['Routes:', `${grouped(routes.update)} by update, ${grouped(routes.delivery)} by Delivery`],
    ['Delivery:', `${counted(left, 'request')} left of --delivery-cap now${waits}`],
  ];
}

function totalText(files: readonly FileCheck[], { nowMs, timeZone }: CheckWordsOptions): string {
  const sum = (count: (check: FileCheck) => number) => files.reduce((total, check) => total + count(check), 0);
  const rows = `${counted(
    sum(({ rows }) => rows.total),
    'row',
  )}, ${grouped(sum(({ rows }) => rows.invalid))} would not be sent`;
  const ends = Math.max(...files.map(({ plan }) => Date.parse(plan.ends_at)));
  const plan = `${counted(
    sum(({ plan: { updates } }) => updates),
    'update',
  )} done at ${localTime(ends, nowMs, timeZone)} if started now`;
  return `${counted(files.length, 'file')}: ${rows}; ${plan}\n`;
}
