import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram, startProgram } from '../cli/support/run-program.js';
import { listen, seededRandom, temporaryFolder } from '../support/index.js';

const rowCount = 1500;
const killCount = 12;

it('--coalesce: the last value of each attribute is what the server holds, one line a row, through 12 kills', async () => {
  const random = seededRandom(24);
  const folder = await temporaryFolder();
  const rows = Array.from({ length: rowCount }, (_, index) => ({
    row: index + 1,
    id: index % 2 === 0 ? 'hot' : `v${Math.floor(random.next() * 300)}`,
    colour: random.next() < 0.5 ? `c${index}` : '',
    note: 'n'.repeat(Math.floor(random.next() * 200)),
  }));
  const file = join(folder, 'night.csv');
  const lines = rows.map(({ row, id, colour, note }) => `${id},${row},${colour},${note}`);
  await writeFile(file, `batch=thirdPartyId,row,colour,note\n${lines.join('\n')}\n`);

  const profiles = new Map<string, string>();
  let requestCount = 0;
  let killAfter = Number.POSITIVE_INFINITY;
  let kill: () => void = () => {};
  const server = await listen(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const form = new URLSearchParams(body);
    for (const [name, value] of form) profiles.set(`${form.get('mbox3rdPartyId')} ${name}`, value);
    requestCount += 1;
    killAfter -= 1;
    if (killAfter === 0) kill();
    response.end(
      '<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>',
    );
  });
  const args = [
    ...['send', file, '--client-code', 'acme', '--endpoint', server.url, '--rate', '0'],
    ...['--concurrency', '8', '--state-dir', join(folder, 'state')],
  ];
  for (let life = 1; life <= killCount; life += 1) {
    const child = startProgram(life % 3 === 0 ? args : [...args, '--coalesce']);
    kill = () => child.kill('SIGKILL');
    killAfter = 1 + Math.floor(random.next() * 30);
    child.stdout?.resume();
    child.stderr?.resume();
    await once(child, 'close');
    expect(child.signalCode, `life ${life} was to be killed`).toBe('SIGKILL');
  }
  killAfter = Number.POSITIVE_INFINITY;
  const last = await runProgram([...args, '--coalesce', '--json']);
  expect(last.status).toBe(0);

  const report = (await readFile(`${file}.results.csv`, 'utf8')).split('\n').slice(1, -1);
  expect(report.map((line) => Number(line.split(',')[0])).sort((one, other) => one - other)).toEqual(
    rows.map(({ row }) => row),
  );
  report.forEach((line, index) => {
    const withRow = /"coalesced: with row (\d+)"/.exec(line)?.[1];
    if (withRow === undefined) return;
    const next = report[index + 1] ?? '';
    expect(next.startsWith(`${withRow},`) || next.includes(`"coalesced: with row ${withRow}"`), line).toBe(true);
  });
  const wanted = new Map<string, string>();
  for (const { row, id, colour, note } of rows) {
    wanted.set(`${id} profile.row`, `${row}`);
    if (colour !== '') wanted.set(`${id} profile.colour`, colour);
    if (note !== '') wanted.set(`${id} profile.note`, note);
  }
  for (const [name, value] of wanted) expect(profiles.get(name), name).toBe(value);
  const { rows: counts, attempts } = JSON.parse(last.stdout).jobs[0];
  expect(counts).toMatchObject({
    submitted: rowCount,
    coalesced: report.filter((l) => l.includes('coalesced')).length,
  });
  expect(counts.coalesced).toBeGreaterThan(100);
  expect(attempts).toBeLessThan(requestCount + 1);
}, 120_000);
