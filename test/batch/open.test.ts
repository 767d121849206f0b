import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, chmod, mkdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBatch } from '../../src/batch/open.js';
import { realDisk } from '../../src/platform/disk.js';
import { MachineError } from '../../src/terms/errors.js';
import { temporaryFolder } from '../support/index.js';
import {
  asFileError,
  batchOf,
  diskWith,
  encoded,
  endlessDisk,
  failureOf,
  fileOf,
  opened,
  raw,
  readAll,
  rowsOf,
  told,
} from './support/batch-helpers.js';

const mark = '\uFEFF';

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

async function openingFault(content: string | Uint8Array, options = encoded) {
  return told(await failureOf(batchOf(content, options)));
}

describe('a path that is not a file to read', () => {
  it.each(['', 'no/such/', 'drop.csv/'])('a missing path (%s) is reported', async (folder) => {
    const path = join(await temporaryFolder(), folder, 'missing.csv');
    expect(told(await failureOf(openBatch(realDisk, path, encoded)))).toEqual({ code: 'file-missing', line: null });
  });

  it('a folder, a device and a pipe are reported, and none of them hangs', async () => {
    const folder = await temporaryFolder();
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [folder, '/dev/null', pipe]) {
      expect(told(await failureOf(openBatch(realDisk, path, encoded)))).toEqual({
        code: 'file-not-regular',
        line: null,
      });
    }
  });

  it('a file without permission to read is reported', async () => {
    const disk = { ...realDisk, openInput: () => Promise.reject(systemError('EACCES')) };
    const error = asFileError(await failureOf(openBatch(disk, 'drop.csv', encoded)));
    expect(error.code).toBe('file-unreadable');
    expect(error.exitStatus).toBe(2);
    const path = await fileOf('batch=pcId\n');
    await chmod(path, 0);
    if (process.getuid?.() !== 0) expect((await openingFailure(path)).code).toBe('file-unreadable');
  });

  it('a path with a NUL in it is reported', async () => {
    expect((await openingFailure('a\0b')).code).toBe('file-unreadable');
  });

  it('a machine that is out of file handles is an error of the machine', async () => {
    const disk = { ...realDisk, openInput: () => Promise.reject(systemError('EMFILE')) };
    expect(await failureOf(openBatch(disk, 'drop.csv', encoded))).toBeInstanceOf(MachineError);
  });

  it('is reported with its name made harmless for a screen', async () => {
    const error = await openingFailure(join(await temporaryFolder(), '\u001b[2Jdrop.csv\n'));
    expect(error.message).toContain('\\u001b[2Jdrop.csv\\u000a: the file does not exist');
  });

  async function openingFailure(path: string) {
    return asFileError(await failureOf(openBatch(realDisk, path, encoded)));
  }
});

describe('the header', () => {
  it.each([
    ['batch=pcId,a,b\n', ['pcId', 'a', 'b']],
    ['pcId,a\n', ['pcId', 'a']],
    ['"batch=pcId",a\n', ['pcId', 'a']],
    ['batch="pcId","a,b"\n', ['pcId', 'a,b']],
    ['batch="pc""Id"\n', ['pc"Id']],
    ['batch="pcId,a\n', ['"pcId', 'a']],
    ['batch=\n', ['']],
    ['batch=batch=pcId\n', ['batch=pcId']],
    ['Batch=pcId,batch=a\n', ['Batch=pcId', 'batch=a']],
    [' batch=pcId, a%20b\n', [' batch=pcId', ' a%20b']],
    [`${mark}batch=pcId,a\r\n`, ['pcId', 'a']],
    [`${mark}"batch=pcId",a\r\n`, ['pcId', 'a']],
    ['pcId', ['pcId']],
  ])('%j has the cells %j', async (content, cells) => {
    expect((await batchOf(content)).header.cells).toEqual(cells);
  });

  it('keeps its own bytes, and the data begins after it', async () => {
    const header = `${mark}batch=pcId,"a\nb"\r\n`;
    const batch = await batchOf(`${header}\n1,x\n`, raw);
    expect(batch.header.bytes.toString()).toBe(header);
    expect(batch.dataStart).toEqual({ rowNumber: 1, lineNumber: 3, byte: Buffer.byteLength(header) });
    expect(await rowsOf(batch)).toMatchObject([{ rowNumber: 1, lineNumber: 4, cells: ['1', 'x'] }]);
  });

  it('alone is a file of no rows', async () => {
    for (const content of ['batch=pcId,a', 'batch=pcId,a\n', 'batch=pcId,a\r\n\r\n']) {
      expect(await rowsOf(await batchOf(content))).toEqual([]);
    }
  });

  it.each(['', '\n\r\n', mark])('that is missing (%j) is an empty file', async (content) => {
    expect(await openingFault(content)).toEqual({ code: 'file-empty', line: null });
  });

  it('in UTF-16 without a mark is not text', async () => {
    const utf16 = Buffer.from('batch=pcId\n', 'utf16le');
    expect(await openingFault(utf16)).toEqual({ code: 'file-not-text', line: 1 });
  });

  it('says whether it is UTF-8', async () => {
    expect((await batchOf(Buffer.from('batch=pcId,pr\xe9nom\n1,x\n', 'latin1'))).header.isUtf8).toBe(false);
    expect((await batchOf('batch=pcId,prénom\n1,\uFFFD\n')).header.isUtf8).toBe(true);
  });

  it('with a quote that stays open, over 20 lines or over 1 MB is reported', async () => {
    expect(await openingFault('\n"batch=pcId,a\n1,x\n')).toEqual({ code: 'file-quote-open', line: 2 });
    expect(await openingFault(`"${'\n'.repeat(30)}"\n`)).toEqual({ code: 'file-record-lines', line: 1 });
    expect(await openingFault(`batch=pcId${',a'.repeat(600_000)}`)).toEqual({ code: 'file-record-bytes', line: 1 });
  });

  it('of nearly a million columns is read', async () => {
    const columns = ','.repeat(999_000);
    const batch = await batchOf(`${columns}\n${columns}\n1,x\n`);
    expect(batch.header.cells).toHaveLength(999_001);
    expect((await rowsOf(batch)).map((row) => row.cells.length)).toEqual([999_001, 2]);
  });

  it('is good although there is a fault right after it', async () => {
    const batch = await batchOf('batch=pcId,a\n1,x\n\0');
    const { rows, error } = await readAll(batch.rows(batch.dataStart));
    expect(rows).toHaveLength(1);
    expect(told(error)).toEqual({ code: 'file-not-text', line: 3 });
  });
});

describe('a file that is far too large', () => {
  it.each(['x', 'x,', '"x', '\n""x'])(
    'with one record of 1 GB of %j is given up after little more than 1 MB',
    async (filler) => {
      const disk = endlessDisk(1_000_000_000, 'batch=pcId,a\n1,x\n"', filler);
      const batch = await opened('endless.csv', raw, disk);
      const { rows, error } = await readAll(batch.rows(batch.dataStart));
      expect(rows).toHaveLength(1);
      expect(told(error)).toEqual({ code: 'file-record-bytes', line: 3 });
      expect(batch.readBytes()).toBeLessThan(1_200_000);
    },
  );

  it('in its header is given up as soon', async () => {
    const error = await failureOf(openBatch(endlessDisk(1_000_000_000, 'batch=pcId', ',a'), 'endless.csv', encoded));
    expect(told(error)).toEqual({ code: 'file-record-bytes', line: 1 });
  });
});

describe('a file that changes while it is read', () => {
  const head = 'batch=pcId,a\n';

  /** Calls `change` once, when reading has come to the end and looks whether that is still the end. */
  function atTheEnd(change: () => Promise<void>) {
    let statCount = 0;
    return diskWith((file) => ({
      async stat() {
        statCount += 1;
        if (statCount === 2) await change(); // the first is when it is opened
        return file.stat();
      },
    }));
  }

  it('is read on when it has grown, its unfinished last row with what was appended to it', async () => {
    const path = await fileOf(`${head}1,x\n2,y`);
    const batch = await opened(
      path,
      encoded,
      atTheEnd(() => appendFile(path, 'yy\n3,z')),
    );
    expect((await rowsOf(batch)).map((row) => row.cells)).toEqual([
      ['1', 'x'],
      ['2', 'yyy'],
      ['3', 'z'],
    ]);
  });

  it('is read on when it has grown at the very end of a read', async () => {
    const path = await fileOf(`${head}${'1,x\n'.repeat(20_000)}`.slice(0, 65_536));
    const batch = await opened(
      path,
      encoded,
      atTheEnd(() => appendFile(path, 'x\n7,z')),
    );
    const rows = await rowsOf(batch);
    expect(rows.at(-1)?.cells).toEqual(['7', 'z']);
  });

  it('is reported when it has become shorter, and its torn last row is not given', async () => {
    const path = await fileOf(`${head}1,x\n2,yyyy`);
    const batch = await opened(
      path,
      encoded,
      atTheEnd(() => truncate(path, head.length + 7)),
    );
    const { rows, error } = await readAll(batch.rows(batch.dataStart));
    expect(rows.map((row) => row.cells)).toEqual([['1', 'x']]);
    expect(told(error)).toEqual({ code: 'file-shrank', line: 3 });
  });

  it('is reported when it became shorter before it was read that far', async () => {
    const path = await fileOf(`${head}1,x\n2,yyyy`);
    const batch = await opened(path);
    await truncate(path, head.length + 7);
    const { rows, error } = await readAll(batch.rows(batch.dataStart));
    expect(rows.map((row) => row.cells)).toEqual([['1', 'x']]);
    expect(told(error).code).toBe('file-shrank');
  });

  it('is reported when reading is to resume beyond its end', async () => {
    const batch = await batchOf(`${head}1,x\n`);
    const { error } = await readAll(batch.rows({ rowNumber: 9, lineNumber: 10, byte: 4_000 }, { fingerprint: null }));
    expect(told(error)).toEqual({ code: 'file-shrank', line: 10 });
  });

  it('is read to its end when another file takes its name, or when it is removed', async () => {
    const path = await fileOf(`${head}1,old\n`);
    const batch = await opened(path);
    expect(await batch.lookAgain()).toBe('same');
    await writeFile(`${path}.new`, `${head}1,new\n`);
    await rename(`${path}.new`, path);
    expect(await batch.lookAgain()).toBe('touched');
    expect((await rowsOf(batch)).map((row) => row.cells[1])).toEqual(['old']);
    await rm(path);
    expect(await batch.lookAgain()).toBe('gone');
    expect((await rowsOf(batch)).map((row) => row.cells[1])).toEqual(['old']);
  });

  it('is touched when its time, its size or the file itself is another, and gone when its folder is', async () => {
    const folder = join(await temporaryFolder(), 'in');
    await mkdir(folder);
    const path = join(folder, 'drop.csv');
    await writeFile(path, head);
    const touched = await opened(path);
    await utimes(path, 1, 1);
    expect(await touched.lookAgain()).toBe('touched');
    const grown = await opened(path);
    await appendFile(path, '1,x\n');
    await utimes(path, 1, 1);
    expect(await grown.lookAgain()).toBe('touched');
    const old = await opened(path);
    await writeFile(`${path}.new`, await readFile(path));
    await utimes(`${path}.new`, 1, 1);
    expect(await old.lookAgain()).toBe('same');
    await rename(`${path}.new`, path);
    expect(await old.lookAgain()).toBe('touched');
    await rm(folder, { recursive: true });
    expect(await grown.lookAgain()).toBe('gone');
  });
});

describe('a disk that fails', () => {
  it('in the middle is an error of this machine, after the rows that could be read', async () => {
    const path = await fileOf(`batch=pcId,a\n${'1,x\n'.repeat(40_000)}`);
    const disk = diskWith((file) => ({
      read: (into, positionBytes) =>
        positionBytes >= 65_536 ? Promise.reject(systemError('EIO')) : file.read(into, positionBytes),
    }));
    const batch = await opened(path, encoded, disk);
    const { rows, error } = await readAll(batch.rows(batch.dataStart));
    expect(rows.length).toBeGreaterThan(16_000);
    expect(error).toBeInstanceOf(MachineError);
    expect(String(error)).toContain('(EIO)');
    expect(await failureOf(batch.sha256())).toBeInstanceOf(MachineError);
    expect(await failureOf(batch.matches({ ...batch.fingerprint(), bytes: 100_000 }))).toBeInstanceOf(MachineError);
  });

  it('gives short reads that make no difference', async () => {
    const path = await fileOf(`${mark}batch=pcId,a\n1,é\n2,"x\ny"\n`);
    const disk = diskWith((file) => ({ read: (into, positionBytes) => file.read(into.subarray(0, 1), positionBytes) }));
    const batch = await opened(path, encoded, disk);
    expect((await rowsOf(batch)).map((row) => row.cells)).toEqual([
      ['1', 'é'],
      ['2', 'x\ny'],
    ]);
  });

  it('that cannot look at the path is an error of this machine', async () => {
    const path = await fileOf('batch=pcId\n');
    const disk = { ...realDisk, stat: () => Promise.reject(systemError('EIO')) };
    expect(await failureOf((await opened(path, encoded, disk)).lookAgain())).toBeInstanceOf(MachineError);
  });

  it('leaves no open file behind when opening fails', async () => {
    let closeCount = 0;
    const disk = diskWith((file) => ({
      close: () => {
        closeCount += 1;
        return file.close();
      },
    }));
    for (const content of ['', '\0', '"x']) await failureOf(openBatch(disk, await fileOf(content), encoded));
    expect(closeCount).toBe(3);
  });
});

describe('the open file', () => {
  it('has the SHA-256 of its own bytes', async () => {
    const content = `batch=pcId,a\n${'1,x\n'.repeat(400_000)}`;
    const batch = await batchOf(content);
    expect(await batch.sha256()).toBe(createHash('sha256').update(content).digest('hex'));
  });

  it('says how far reading has come', async () => {
    const batch = await batchOf(`batch=pcId,a\n${'1,x\n'.repeat(40_000)}`);
    expect(batch.readBytes()).toBe(0);
    const rows = batch.rows(batch.dataStart, { blockBytes: 16_384 });
    await rows.next();
    expect(batch.readBytes()).toBe(16_384);
    await readAll(rows);
    expect(batch.readBytes()).toBe(batch.stat.sizeBytes);
  });

  it('can be read again, and left in the middle', async () => {
    const batch = await batchOf(`batch=pcId,a\n${'1,x\n'.repeat(40_000)}`);
    for await (const rows of batch.rows(batch.dataStart)) {
      expect(batch.nextPosition()).toMatchObject({ rowNumber: rows.length + 1, lineNumber: rows.length + 2 });
      break;
    }
    expect(await rowsOf(batch)).toHaveLength(40_000);
    expect(batch.nextPosition()).toEqual({ rowNumber: 40_001, lineNumber: 40_002, byte: 160_013 });
  });
});
