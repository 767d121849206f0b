import { join, resolve } from 'node:path';
import type { LockViewer } from '../job/lock/find-holder.js';
import { replaceFile } from '../storage/replace-file.js';
import type { RowStatus } from '../terms/outcome.js';
import { daysUpTo, type FolderFigures, figuresOf } from './figures/folder-days.js';
import { folderJobs } from './figures/folder-jobs.js';
import { renderFolderPage } from './page/folder-page.js';
import { timeIn } from './page/format.js';

export interface FolderReportRequest {
  readonly machine: LockViewer;
  /** As it was named: a drop folder, or one with job files. */
  readonly folder: string;
  /** How many days up to today, 1 or more. */
  readonly dayCount: number;
  /** An IANA name: its days count, and times are shown in it beside UTC. */
  readonly timeZone: string;
  /** Sets this process's temp file apart from another's: letters, digits and `-`. */
  readonly token: string;
}

export interface FolderReportMade {
  readonly path: string;
  readonly sizeBytes: number;
  readonly figures: FolderFigures;
  readonly rows: Readonly<Record<RowStatus, number>>;
}

/** Its name is that of a job file, so `drop` never takes the page for an input. */
const pageName = 'profile-drip.report.html';

/**
 * Makes `profile-drip.report.html` in the folder: every job by day, newest first. Reads checkpoints and summaries, no
 * results. MachineError where the disk fails.
 */
export async function makeFolderReport(request: FolderReportRequest): Promise<FolderReportMade> {
  const { machine, folder, dayCount, timeZone, token } = request;
  const dateOf = (wallMs: number) => timeIn(timeZone, wallMs).slice(0, 10);
  const madeAtMs = machine.clock.wallMs();
  const wanted = daysUpTo(dateOf(madeAtMs), dayCount);
  const figures = figuresOf(await folderJobs(machine, folder, wanted.at(-1) ?? ''), wanted, dateOf);
  const page = renderFolderPage({ folder: resolve(folder), figures, dayCount, timeZone, madeAtMs });
  const path = join(folder, pageName);
  await replaceFile(machine.disk, path, page, token);
  return { path, sizeBytes: Buffer.byteLength(page), figures, rows: figures.total.rows };
}
