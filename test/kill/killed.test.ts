import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram, startProgram } from '../cli/support/run-program.js';
import { listen, seededRandom, temporaryFolder } from '../support/index.js';

const concurrency = 16;
const rowCount = 2500;
const killCount = 20;

/** What the server saw, by its own decoder: nothing of the program is used to judge it. */
interface Seen {
  readonly id: string;
  readonly row: number;
  readonly life: number;
}

it('loses nothing, repeats little and keeps each visitor’s order through 20 kills at random moments', async () => {
  const random = seededRandom(20);
  const folder = await temporaryFolder();
  const rows = Array.from({ length: rowCount }, (_, index) => ({
    row: index + 1,
    id: index % 3 === 0 ? 'hot' : `v${Math.floor(random.next() * 900)}`,
    kind: random.next() < 0.02 ? 'invalid' : 'sendable',
  }));
  const line = ({ row, id, kind }: (typeof rows)[number]) => `${id},${row}${kind === 'invalid' ? ',x,too many' : ''}`;
  const header = 'batch=thirdPartyId,row,note';
  const file = join(folder, 'night.csv');
  await writeFile(file, `${[header, ...rows.map(line)].join('\n')}\n`);

  const seen: Seen[] = [];
  let life = 0;
  let killAfter = Number.POSITIVE_INFINITY;
  let kill: () => void = () => {};
  const server = await listen(async (request, response) => {
    const form = new URLSearchParams(await bodyOf(request));
    seen.push({ id: form.get('mbox3rdPartyId') ?? '', row: Number(form.get('profile.row')), life });
    killAfter -= 1;
    if (killAfter === 0) kill();
    response.end(
      '<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>',
    );
  });
  const args = [
    ...['send', file, '--client-code', 'acme', '--endpoint', server.url, '--rate', '0'],
    ...['--concurrency', `${concurrency}`, '--state-dir', join(folder, 'state')],
  ];

  const written = async () => new Set((await reportLines(file)).map((text) => Number(text.split(',')[0])));
  for (life = 1; life <= killCount; life += 1) {
    const before = await written();
    const child = startProgram(args);
    kill = () => child.kill('SIGKILL');
    killAfter = 1 + Math.floor(random.next() * 120);
    child.stdout?.resume();
    child.stderr?.resume();
    await once(child, 'close');
    expect(child.signalCode, `life ${life} was to be killed`).toBe('SIGKILL');
    // A kill may repeat what was in flight, and what had ended and was not written yet; never what has its line.
    expect(seen.filter((one) => one.life === life && before.has(one.row))).toEqual([]);
  }
  killAfter = Number.POSITIVE_INFINITY;
  const last = await runProgram([...args, '--json']);
  expect(last.status).toBe(1);

  const report = await reportLines(file);
  const statuses = new Map(report.map((text) => [Number(text.split(',')[0]), text.split(',')[3]]));
  expect(report).toHaveLength(rowCount);
  expect(statuses.size).toBe(rowCount);
  const taken = new Set(seen.map(({ row }) => row));
  for (const { row, kind } of rows) {
    expect(statuses.get(row)).toBe(kind === 'sendable' ? 'submitted' : 'invalid');
    expect(taken.has(row)).toBe(kind === 'sendable');
  }

  const lastSeen = new Map(seen.map(({ row }, index) => [row, index]));
  const lastOfVisitor = new Map<string, number>();
  for (const { row, id, kind } of rows) {
    if (kind === 'invalid') continue;
    const index = lastSeen.get(row) ?? -1;
    expect(index, `row ${row} of ${id} came before an earlier row`).toBeGreaterThan(lastOfVisitor.get(id) ?? -1);
    lastOfVisitor.set(id, index);
  }

  const rejects = await readFile(`${file}.rejects.csv`, 'utf8');
  const bad = new Set<string>();
  const wanted = rows.filter(({ id, kind }) => {
    if (kind === 'invalid') bad.add(id);
    return bad.has(id);
  });
  expect(rejects).toBe(`${[header, ...wanted.map(line)].join('\n')}\n`);
}, 120_000);

async function reportLines(file: string): Promise<string[]> {
  const text = await readFile(`${file}.results.csv`, 'utf8').catch(() => '');
  return text.split('\n').slice(1, -1);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
