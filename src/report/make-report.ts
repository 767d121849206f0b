import { basename } from 'node:path';
import type { JobFiles } from '../job/files/job-files.js';
import { firstResultByte, readReportHead, readResults } from '../job/results/read-results.js';
import type { Clock, Disk, DiskFile } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { replaceFile } from '../storage/replace-file.js';
import { readFacts } from './figures/job-facts.js';
import { ReportTally } from './figures/tally.js';
import { missingResults, notResults } from './locate-job.js';
import { renderPage } from './page/page.js';
import { rejectedRoom, rejectedSizeBytes } from './page/rejected-section.js';
import { readChartLibrary } from './page/uplot.js';

export interface ReportRequest {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly files: JobFiles;
  /** An IANA name, in which times are shown beside UTC. */
  readonly timeZone: string;
  /** Sets this process's temp file apart from another's: letters, digits and `-`. */
  readonly token: string;
}

export interface ReportMade {
  readonly path: string;
  readonly sizeBytes: number;
  readonly rowCount: number;
  readonly rejectedCount: number;
  /** Bytes at the end of the results that are no whole line; 0: all was read. */
  readonly unreadBytes: number;
}

/**
 * Makes `<name>.report.html` from a job's results, finished or not, in one pass and bounded memory; replaces an
 * earlier one in one step. FileError where the results are not there or are something else, MachineError where the
 * page cannot be written.
 */
export async function makeReport(request: ReportRequest): Promise<ReportMade> {
  const { disk, files } = request;
  const tally = new ReportTally(rejectedRoom, rejectedSizeBytes);
  const unreadBytes = await tallyResults(disk, files, tally);
  const hasRejects = (await onDisk(`look at ${files.rejects}`, () => unlessMissing(disk.look(files.rejects)))) !== null;
  const page = renderPage(
    {
      jobName: files.stem,
      tally,
      ...(await readFacts(disk, files)),
      files: {
        results: basename(files.results),
        rejects: hasRejects ? basename(files.rejects) : null,
      },
      unreadBytes,
      timeZone: request.timeZone,
      madeAtMs: request.clock.wallMs(),
    },
    await readChartLibrary(),
  );
  await replaceFile(disk, files.report, page, request.token);
  return {
    path: files.report,
    sizeBytes: Buffer.byteLength(page),
    rowCount: tally.rowCount,
    rejectedCount: tally.rejected.seenCount,
    unreadBytes,
  };
}

/** Adds every result to `tally`; resolves to how many bytes at the end were none. */
async function tallyResults(disk: Disk, files: JobFiles, tally: ReportTally): Promise<number> {
  const file = await openResults(disk, files);
  try {
    const head = await readReportHead(file);
    if (head === 'strange') throw notResults(files);
    let readBytes = firstResultByte;
    if (head === 'whole') {
      for await (const lines of readResults(file, firstResultByte)) {
        for (const { row, endByte } of lines) {
          tally.add(row);
          readBytes = endByte;
        }
      }
    }
    return Math.max(0, (await file.stat()).sizeBytes - readBytes);
  } finally {
    await file.close();
  }
}

async function openResults(disk: Disk, files: JobFiles): Promise<DiskFile> {
  const file = await onDisk(`read ${files.results}`, () => unlessMissing(disk.open(files.results, 'read')));
  if (file === null) throw await missingResults(disk, files);
  if ((await file.stat()).kind === 'file') return file;
  await file.close();
  throw notResults(files);
}
