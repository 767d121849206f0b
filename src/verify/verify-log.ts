import { idCell, idOfCell } from '../job/results/result.js';
import type { Disk, DiskFile } from '../platform/ports.js';
import type { TryCode } from '../terms/outcome.js';
import type { Judged } from './judge.js';
import { type Verdict, verdicts } from './terms.js';
import type { Expected } from './visitor-draw.js';

/** `<name>.verify.csv`: a line for each visitor that was asked about. No attribute value is in it. */

/** A public interface. */
export const verifyHeader = 'row,line,id,verdict,matching,compared,checked_at,reason\n';

export interface VerifyLine extends Judged {
  readonly expected: Expected;
  readonly checkedAtMs: number;
  /** Why there is no good answer. */
  readonly reason: TryCode | null;
}

export function formatLine({ expected, verdict, matching, compared, checkedAtMs, reason }: VerifyLine): string {
  const { rowNumber, lineNumber, id } = expected;
  const checkedAt = new Date(checkedAtMs).toISOString();
  return `${rowNumber},${lineNumber},${idCell(id)},${verdict},${matching},${compared},${checkedAt},${reason ?? ''}\n`;
}

/** What a line says of a visitor. */
export interface FoundLine {
  readonly rowNumber: number;
  readonly id: string;
  readonly verdict: Verdict;
}

const lineForm = /^(\d+),\d+,(.*),([a-z-]+),\d+,\d+,[^,]*,[^,]*$/;

function parseLine(line: string): FoundLine | null {
  const [, row = '', cell = '', word] = lineForm.exec(line) ?? [];
  const verdict = verdicts.find((one) => one === word);
  if (verdict === undefined) return null;
  const text = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
  return { rowNumber: Number(row), id: idOfCell(text), verdict };
}

const chunkBytes = 262_144;

/** Calls `take` for each whole line; resolves to where the last of them ends. `null`: it is not such a file. */
export async function readVerifyLines(file: DiskFile, take: (line: FoundLine) => void): Promise<number | null> {
  const chunk = Buffer.alloc(chunkBytes);
  let kept = Buffer.alloc(0);
  let atByte = 0;
  let isHeaderRead = false;
  for (;;) {
    const readBytes = await file.read(chunk, atByte + kept.length);
    if (readBytes === 0) return isHeaderRead ? atByte : null;
    kept = Buffer.concat([kept, chunk.subarray(0, readBytes)]);
    for (let end = kept.indexOf(0x0a); end >= 0; end = kept.indexOf(0x0a)) {
      const text = kept.toString('utf8', 0, end);
      if (isHeaderRead) {
        const line = parseLine(text);
        if (line === null) return atByte; // torn
        take(line);
      } else if (`${text}\n` !== verifyHeader) return null;
      isHeaderRead = true;
      atByte += end + 1;
      kept = kept.subarray(end + 1);
    }
  }
}

/** A new one, with its header. */
export async function createVerifyLog(disk: Disk, path: string): Promise<DiskFile> {
  const file = await disk.open(path, 'append');
  try {
    await file.truncate(0);
    await file.append(Buffer.from(verifyHeader));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
