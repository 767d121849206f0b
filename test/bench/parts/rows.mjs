import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';

const tiers = ['bronze', 'silver', 'gold', 'platinum'];
const cities = ['Z%C3%BCrich', 'K%C3%B6ln', 'London', 'St%20Ives', 'Krak%C3%B3w'];
const names = ['tier', 'city', 'points', 'lastPurchase', 'newsletter'];

function visitorId(number) {
  return `visitor-${String(number).padStart(9, '0')}`;
}

function valuesOf(rowNumber) {
  const day = String((rowNumber % 28) + 1).padStart(2, '0');
  return [
    tiers[rowNumber % tiers.length],
    cities[rowNumber % cities.length],
    `${(rowNumber * 37) % 100_000}`,
    `2026-03-${day}`,
    rowNumber % 2 === 0 ? 'yes%2C%20weekly' : 'no',
  ];
}

async function writeLines(path, rowCount, firstLine, lineOf) {
  const file = createWriteStream(path, { highWaterMark: 1 << 20 });
  let text = firstLine;
  for (let rowNumber = 1; rowNumber <= rowCount; rowNumber += 1) {
    text += lineOf(rowNumber);
    if (text.length < 1 << 18) continue;
    if (!file.write(text)) await once(file, 'drain');
    text = '';
  }
  file.end(text);
  await once(file, 'close');
}

/**
 * A bulk-style file of `rowCount` rows with five attributes each.
 * @param {string} path
 * @param {number} rowCount
 * @param {{visitorOf?: (rowNumber: number) => number, isEmpty?: (rowNumber: number) => boolean}} [options]
 *   `isEmpty`: the row has no value, and is skipped.
 */
export function writeBatch(path, rowCount, { visitorOf = (rowNumber) => rowNumber, isEmpty = () => false } = {}) {
  return writeLines(path, rowCount, `batch=thirdPartyId,${names.join(',')}\n`, (rowNumber) => {
    const id = visitorId(visitorOf(rowNumber));
    return isEmpty(rowNumber) ? `${id},,,,,\n` : `${id},${valuesOf(rowNumber).join(',')}\n`;
  });
}

/** The bodies that the same rows come to, one a line. */
export function writeBodies(path, rowCount) {
  return writeLines(path, rowCount, '', (rowNumber) => `${bodyOf(rowNumber)}\n`);
}

/** What `curl --parallel --config` reads. */
export function writeCurlConfig(path, rowCount, url) {
  return writeLines(path, rowCount, '', (rowNumber) => {
    const next = rowNumber === rowCount ? '' : 'next\n';
    return `url = "${url}"\ndata = "${bodyOf(rowNumber)}"\noutput = "/dev/null"\n${next}`;
  });
}

/** What `newman run` takes: a collection of one request, and as its data the same bodies in a CSV. */
export async function writeNewmanFiles(collectionPath, dataPath, rowCount, url) {
  const header = [{ key: 'content-type', value: 'application/x-www-form-urlencoded' }];
  const request = { method: 'POST', url, header, body: { mode: 'raw', raw: '{{body}}' } };
  const schema = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';
  await writeFile(
    collectionPath,
    JSON.stringify({ info: { name: 'bench', schema }, item: [{ name: 'update', request }] }),
  );
  await writeLines(dataPath, rowCount, 'body\n', (rowNumber) => `${bodyOf(rowNumber)}\n`);
}

/** Of all bodies together; they are ASCII. */
export function bodyBytesOf(rowCount) {
  let bytes = 0;
  for (let rowNumber = 1; rowNumber <= rowCount; rowNumber += 1) bytes += bodyOf(rowNumber).length;
  return bytes;
}

function bodyOf(rowNumber) {
  const values = valuesOf(rowNumber);
  return `mbox3rdPartyId=${visitorId(rowNumber)}${names.map((name, at) => `&profile.${name}=${values[at]}`).join('')}`;
}
