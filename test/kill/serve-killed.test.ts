import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startProgram } from '../cli/support/run-program.js';
import { listen, seededRandom, temporaryFolder } from '../support/index.js';

/** 20 by hand: each life of the program takes its time to start. */
const killCount = Number(process.env.PROFILE_DRIP_KILLS ?? 6);
const batchesPerLife = 4;
const rowsPerBatch = 12;

it('loses no accepted batch and keeps each visitor’s order through kills at random moments', {
  timeout: 600_000,
}, async () => {
  const random = seededRandom(7);
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'batches'));
  const seen: { readonly id: string; readonly row: number }[] = [];
  let killAfter = Number.POSITIVE_INFINITY;
  let kill: () => void = () => {};
  const target = await listen(async (request, response) => {
    const form = new URLSearchParams(await bodyOf(request));
    seen.push({ id: form.get('mbox3rdPartyId') ?? '', row: Number(form.get('profile.row')) });
    killAfter -= 1;
    if (killAfter === 0) kill();
    response.end('trueRequest successfully submitted');
  });
  const args = [
    'serve',
    '--dir',
    'batches',
    '--port',
    '0',
    '--endpoint',
    target.url,
    '--rate',
    '0',
    '--state-dir',
    'state',
  ];

  /** Rows by the batch that was accepted with them; what was not accepted is sent again, as jobs do. */
  const accepted = new Map<string, number[]>();
  let rowNumber = 0;
  let pending: number[] | null = null;
  const bodyFor = (rows: readonly number[]) =>
    `batch=thirdPartyId,row\n${rows.map((row) => `v${row % 5},${row}`).join('\n')}\n`;

  for (let life = 0; life <= killCount; life += 1) {
    const isLast = life === killCount;
    const child = startProgram(args, { folder });
    child.stderr?.resume();
    const closed = once(child, 'close');
    const [text] = await once(child.stdout ?? child, 'data');
    const url = String(text).trim();
    kill = () => child.kill('SIGKILL');
    killAfter = isLast ? Number.POSITIVE_INFINITY : 1 + Math.floor(random.next() * batchesPerLife * rowsPerBatch);
    if (!isLast && random.next() < 0.5) setTimeout(kill, random.next() * 150); // in the middle of accepting, too
    for (let batch = 0; batch < batchesPerLife; batch += 1) {
      pending ??= Array.from({ length: rowsPerBatch }, () => ++rowNumber);
      const reply = await sendTo(url, bodyFor(pending));
      if (reply === null) break;
      const id = /batchId=([^<]+)</.exec(reply)?.[1];
      if (id === undefined) throw new Error(`not accepted: ${reply}`);
      accepted.set(id, pending);
      pending = null;
    }
    if (isLast) {
      for (const id of accepted.keys()) await untilComplete(url, id);
      child.kill('SIGTERM');
    } else if (child.exitCode === null && child.signalCode === null) {
      // A gateway that its own work did not kill yet is killed now, with batches waiting.
      kill();
    }
    await closed;
  }

  const results = resultsIn(join(folder, 'batches', 'acme', 'archive'));
  for (const [id, rows] of accepted) {
    const lines = results.get(id) ?? [];
    expect(
      lines.map((line) => Number(line.split(',')[0])).sort((one, other) => one - other),
      id,
    ).toEqual(rows.map((_row, index) => index + 1));
  }
  // Every visitor: what came last, and first of all each row's first arrival, in the order of the rows.
  for (const visitor of ['v0', 'v1', 'v2', 'v3', 'v4']) {
    const sent = seen.filter(({ id }) => id === visitor).map(({ row }) => row);
    const first = [...new Set(sent)];
    expect(first, visitor).toEqual(first.toSorted((one, other) => one - other));
    expect(sent.at(-1), visitor).toBe(Math.max(...sent));
  }
  const all = new Set(seen.map(({ row }) => row));
  for (const rows of accepted.values()) for (const row of rows) expect(all.has(row), `row ${row}`).toBe(true);
});

/** `null`: the gateway died meanwhile. */
async function sendTo(url: string, body: string): Promise<string | null> {
  try {
    const reply = await fetch(`${url}/m2/acme/v2/profile/batchUpdate`, { method: 'POST', body });
    return await reply.text();
  } catch {
    return null;
  }
}

async function untilComplete(url: string, id: string): Promise<void> {
  for (;;) {
    const reply = await fetch(`${url}/m2/acme/profile/batchStatus?batchId=${id}`);
    const text = await reply.text();
    if (text.includes('<status>complete</status>')) return;
    if (!text.includes('<status>incomplete</status>')) throw new Error(text);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Lines of results by batch. */
function resultsIn(archive: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const entry of readdirSync(archive, { recursive: true, withFileTypes: true })) {
    const id = /^(.*)\.csv\.results\.csv$/.exec(entry.name)?.[1];
    if (id === undefined) continue;
    expect(found.has(id), `${id} was archived once`).toBe(false);
    found.set(id, readFileSync(join(entry.parentPath, entry.name), 'utf8').trimEnd().split('\n').slice(1));
  }
  return found;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const text of request.setEncoding('utf8')) body += text;
  return body;
}
