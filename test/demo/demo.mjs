/**
 * `npm run demo`: sends the loyalty file to a sandbox at a pace that a person can follow, then asks the sandbox what
 * it holds for three of the visitors and compares that with the file, decoded here without the program's help.
 * Ends with 0 if they hold what the file says; with the status of `send` where that did not get to the file's end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const cli = join(root, 'dist', 'cli.js');
const file = join(root, 'fixtures', 'loyalty.csv');
const out = join(root, '.demo');
const clientCode = 'demo';
/** At the even pace of `--rate`; a busy machine takes longer. */
const sendSeconds = 12;
/** Done; done, with rows that could not be sent: the file has some, on purpose. */
const finishedStatuses = [0, 1];

/** A setting that is left over in the environment has no place in a demo. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('PROFILE_DRIP_')),
);

function say(text) {
  process.stdout.write(`${text}\n`);
}

/** A path as one would type it here. */
function shown(path) {
  return relative(process.cwd(), path) || '.';
}

/** In a process group of its own: a Ctrl-C is for the sending, which then still has somebody to talk to. */
async function startSandbox() {
  const child = spawn(process.execPath, [cli, 'sandbox', '--port', '0', '--client-code', clientCode], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  process.once('exit', () => child.kill());
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  const lines = createInterface({ input: child.stdout });
  const firstLine = await Promise.race([
    once(lines, 'line').then(([line]) => line),
    once(child, 'close').then(([status]) => {
      throw new Error(`the sandbox ended with status ${status} before it said where it listens\n${complaint}`);
    }),
  ]);
  const url = /http:\/\/\S+/.exec(firstLine)?.[0];
  if (url === undefined) throw new Error(`expected the sandbox's address on its first line, found: ${firstLine}`);
  return { url, child };
}

async function send(url, rowCount) {
  const argv = ['send', shown(file), '--endpoint', url, '--client-code', clientCode];
  argv.push(
    '--rate',
    String(Math.ceil(rowCount / sendSeconds)),
    '--out',
    shown(out),
    '--state-dir',
    shown(join(out, 'state')),
  );
  say(`$ profile-drip ${argv.join(' ')}\n`);
  const child = spawn(process.execPath, [cli, ...argv], { env: environment, stdio: 'inherit' });
  process.on('SIGINT', () => {}); // the terminal hands it to `send`, which ends in its own way
  const [status, signal] = await once(child, 'exit');
  if (signal !== null) throw new Error(`send was ended by ${signal}`);
  return status;
}

function readCsv(text) {
  return parse(text, {
    bom: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
  });
}

/** Names and values are URL-encoded as a form is. Throws for a broken `%`: only rows that were sent are decoded. */
function decode(text) {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

async function readFixture() {
  const [header = [], ...rows] = readCsv(await readFile(file));
  const [idName, ...names] = header.map((cell) => decode(cell.trim().replace(/^batch=/, '')));
  return { idPath: /^(thirdPartyId|mbox3rdPartyId)$/.test(idName) ? 'thirdPartyId/' : '', names, rows };
}

/** What the file says of each visitor: of their rows that went out, the later value stands, and an empty one says nothing. */
async function expectedProfiles({ names, rows }) {
  const [, ...results] = readCsv(await readFile(join(out, 'loyalty.csv.results.csv')));
  const sentRows = results.filter((result) => result[3] === 'submitted').map((result) => Number(result[0]));
  const profiles = new Map();
  for (const rowNumber of sentRows.sort((one, other) => one - other)) {
    const [idCell, ...cells] = rows[rowNumber - 1];
    const id = decode(idCell);
    const profile = profiles.get(id) ?? { rowCount: 0, attributes: {} };
    profile.rowCount += 1;
    cells.forEach((cell, index) => {
      if (cell !== '') profile.attributes[names[index]] = decode(cell);
    });
    profiles.set(id, profile);
  }
  return profiles;
}

/** The visitor with the most rows, one whose values are not ASCII, and the file's last. */
function pickThree(profiles) {
  const all = [...profiles];
  const mostRows = all.reduce((best, one) => (one[1].rowCount > best[1].rowCount ? one : best));
  const isForeign = ([, { attributes }]) => Object.values(attributes).some((value) => /[^\0-\x7f]/.test(value));
  const picked = new Map([mostRows]);
  for (const candidates of [all.filter(isForeign), all.toReversed(), all]) {
    const [id, profile] = candidates.find(([candidate]) => !picked.has(candidate)) ?? [];
    if (id !== undefined && picked.size < 3) picked.set(id, profile);
  }
  return [...picked];
}

/** Says what the sandbox holds beside what the file says; `true` if it is the same. */
async function compare(url, idPath, id, expected) {
  const path = `/rest/v1/profiles/${idPath}${encodeURIComponent(id)}?client=${clientCode}`;
  const response = await fetch(url + path);
  const found = response.ok ? (await response.json()).profileAttributes : {};
  say(`\n${id} (${expected.rowCount} ${expected.rowCount === 1 ? 'row' : 'rows'} in the file)  GET ${path}`);
  let isSame = true;
  for (const name of new Set([...Object.keys(expected.attributes), ...Object.keys(found)])) {
    const says = expected.attributes[name];
    const holds = found[name]?.value;
    if (says === holds) {
      say(`  ok     ${name} = ${JSON.stringify(holds)}`);
    } else {
      isSame = false;
      say(`  WRONG  ${name}: the file says ${JSON.stringify(says)}, the profile holds ${JSON.stringify(holds)}`);
    }
  }
  return isSame;
}

async function demo() {
  await rm(out, { recursive: true, force: true });
  await mkdir(out);
  const fixture = await readFixture();
  const { url, child: sandbox } = await startSandbox();
  say(`A sandbox stands in for Adobe Target at ${url}\n`);
  try {
    const status = await send(url, fixture.rows.length);
    if (!finishedStatuses.includes(status)) return status;

    say(`\nThe files of the job, in ${shown(out)}/:`);
    for (const name of (await readdir(out)).filter((entry) => entry.startsWith('loyalty.csv.')).sort())
      say(`  ${name}`);

    say('\nThree of the visitors, read back:');
    const picked = pickThree(await expectedProfiles(fixture));
    const verdicts = [];
    for (const [id, expected] of picked) verdicts.push(await compare(url, fixture.idPath, id, expected));
    const isGood = verdicts.length === 3 && !verdicts.includes(false);
    say(isGood ? '\nAll three hold what the file says.' : '\nThey do not hold what the file says.');
    return isGood ? 0 : 1;
  } finally {
    sandbox.kill();
  }
}

process.exitCode = await demo();
