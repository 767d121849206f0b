import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ContentFault } from '../../../src/batch/batch-errors.js';
import type { Position, Reader, Taken } from '../../../src/batch/open.js';
import { packRows, unpackRows } from '../../../src/job/rows/packed-rows.js';
import { type ReadRows, type RowRequest, rowSource } from '../../../src/job/rows/row-source.js';
import { readColumns } from '../../../src/target-api/columns.js';
import { makePreparer } from '../../../src/target-api/prepare.js';
import { threadSource } from '../../../src/thread/thread-source.js';

/** A thread runs what was built (`npm test` builds): it cannot load the sources. */
const program = new URL('../../../dist/job/rows/row-thread.js', import.meta.url);

const prepare = {
  values: 'encoded',
  plus: null,
  method: 'post',
  clientCode: 'acme',
  route: 'update',
  trim: false,
  nullWords: null,
} as const;

function requestOf(names: string): RowRequest {
  const header = { cells: names.split(','), lineNumber: 1, isUtf8: true };
  const columns = readColumns(header, {
    ...prepare,
    delimiter: ',',
    idColumn: null,
    idType: null,
    only: null,
    skip: null,
    rename: null,
  });
  return { path: 'drop.csv', batch: { delimiter: ',', values: 'encoded' }, columns, prepare };
}

const request = requestOf('thirdPartyId,tier,city');
const from: Position = { rowNumber: 1, lineNumber: 2, byte: 40 };

function inThread(wanted: RowRequest = request): Reader<ReadRows> {
  const source = threadSource(program, wanted, unpackRows, 1);
  onTestFinished(() => source.close());
  return source.readerFrom(from);
}

/** Of each taken what can be compared: an error comes from another thread, or another copy of its class. */
function told({ rows, after, fault }: Taken<ReadRows>) {
  return {
    rows: [...rows],
    after,
    fault: fault && { name: fault.name, code: fault.code, message: fault.message, lineNumber: fault.lineNumber },
  };
}

/** Everything that a reader makes of `content`, asked for without waiting. */
async function allOf(reader: Reader<ReadRows>, content: Buffer, chunkBytes: number, isSerial: boolean) {
  const asked: Promise<Taken<ReadRows>>[] = [];
  for (let at = 0; at < content.length; at += chunkBytes) {
    asked.push(reader.take(content.subarray(at, at + chunkBytes)));
    if (isSerial) await asked.at(-1);
  }
  asked.push(reader.finish());
  return (await Promise.all(asked)).map(told);
}

describe('rows made in a thread of their own', () => {
  const content = Buffer.from(
    `${Array.from({ length: 500 }, (_, index) => `v${index},gold,Z%C3%BCrich ${index}`).join('\n')}\nno-values,,\n,x,y\n"q""1",a,b\r\nü,ö,ä\nbad,%,x\nlast,1,2`,
  );

  it('are the same, in the same order, as those made here', async () => {
    for (const chunkBytes of [100, 4_000, 1_000_000]) {
      const here = await allOf(rowSource(request).readerFrom(from), content, chunkBytes, true);
      const there = await allOf(inThread(), content, chunkBytes, false);
      expect(there).toEqual(here);
      expect(there.flatMap(({ rows }) => rows)).toHaveLength(506);
    }
  });

  it('end with the same error of form, after the good rows before it', async () => {
    const torn = Buffer.concat([Buffer.from('a,1,2\nb,"3,4\n'), Buffer.from([0]), Buffer.from('c,5,6\n')]);
    const there = await allOf(inThread(), torn, 1_000, false);
    expect(there).toEqual(await allOf(rowSource(request).readerFrom(from), torn, 1_000, true));
    expect(there[0]).toMatchObject({ rows: [{ rowNumber: 1 }], fault: { name: 'FileError', code: 'file-not-text' } });
  });

  it('end where the content breaks off', async () => {
    const reader = inThread();
    await reader.take(Buffer.from('a,1,2\nb,3'));
    expect(told(await reader.stop(new ContentFault('file-gzip', 'it ends early')))).toMatchObject({
      rows: [],
      after: { rowNumber: 2 },
      fault: { code: 'file-gzip', lineNumber: 3 },
    });
  });

  it('are asked for in vain where the thread has broken down', async () => {
    const reader = inThread({ ...request, columns: null as never });
    const asked = [reader.take(Buffer.from('a,1,2\nb,1,2\n')), reader.finish()];
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(reader.finish()).rejects.toThrow(/./);
  });
});

describe('packed rows', () => {
  it('are unpacked as they were', () => {
    const make = makePreparer(request.columns, prepare);
    const cell = fc.oneof(fc.constant(''), fc.string(), fc.string({ unit: 'grapheme' }), fc.constant('%'));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell)), fc.nat(), (records, base) => {
        const rows = records.map((cells, index) => ({
          rowNumber: base + index + 1,
          lineNumber: base + 2 * index,
          startByte: 2 ** 40 + index,
          prepared: make(cells, true),
          marks: index % 3,
          details: 2 ** 19,
        }));
        expect([...unpackRows(structuredClone(packRows(rows)))]).toEqual(rows);
      }),
    );
  });
});
