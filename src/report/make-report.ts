import { basename } from 'node:path';
import type { JobFiles } from '../job/files/job-files.js';
import { findHolder, type LockViewer } from '../job/lock/find-holder.js';
import { firstResultByte, readReportHead, readResults } from '../job/results/read-results.js';
import type { Disk, DiskFile } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { replaceFile } from '../storage/replace-file.js';
import { readFacts } from './figures/job-facts.js';
import { nextStep } from './figures/next-step.js';
import { standingOf } from './figures/standing.js';
import { ReportTally } from './figures/tally.js';
import { readVerified } from './figures/verified.js';
import { type LocatedJob, missingResults, notResults } from './locate-job.js';
import { renderPage } from './page/page.js';
import { rejectedRoom, rejectedSizeBytes } from './page/rejected-section.js';
import { readChartLibrary } from './page/uplot.js';

export interface ReportRequest extends LocatedJob {
  readonly machine: LockViewer;
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
  /** Bytes at the end of the results that are not a whole line; 0: all was read. */
  readonly unreadBytes: number;
}

/**
 * Makes `<name>.report.html` from a job's results, finished or not, in one pass and bounded memory; replaces an
 * earlier one in one step. FileError where the results are not there or are something else, MachineError where the
 * page cannot be written.
 */
export async function makeReport(request: ReportRequest): Promise<ReportMade> {
  const { machine, files, naming } = request;
  const { disk } = machine;
  const tally = new ReportTally(rejectedRoom, rejectedSizeBytes);
  const unreadBytes = await tallyResults(disk, files, tally);
  const hasRejects = (await onDisk(`look at ${files.rejects}`, () => unlessMissing(disk.look(files.rejects)))) !== null;
  const facts = await readFacts(disk, files);
  const standing = standingOf(facts, await findHolder(machine, files.lock));
  const rejectedCount = tally.rejected.seenCount;
  const page = renderPage(
    {
      jobName: files.stem,
      tally,
      ...facts,
      standing,
      nextStep: nextStep({ standing, job: facts.job, naming, files, rejectedCount, hasRejects }),
      files: {
        results: basename(files.results),
        rejects: hasRejects ? basename(files.rejects) : null,
      },
      verified: await readVerified(disk, files),
      unreadBytes,
      timeZone: request.timeZone,
      madeAtMs: machine.clock.wallMs(),
    },
    await readChartLibrary(),
  );
  await replaceFile(disk, files.report, page, request.token);
  return {
    path: files.report,
    sizeBytes: Buffer.byteLength(page),
    rowCount: tally.rowCount,
    rejectedCount,
    unreadBytes,
  };
}

/** Adds every result to `tally`; resolves to how many bytes at the end are not a result. */
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
