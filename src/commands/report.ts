import { randomUUID } from 'node:crypto';
import { systemBootClock } from '../platform/clock.js';
import { realDisk } from '../platform/disk.js';
import { systemProcessProbe } from '../platform/process-probe.js';
import { locateJob } from '../report/locate-job.js';
import { type FolderReportMade, makeFolderReport } from '../report/make-folder-report.js';
import { makeReport, type ReportMade } from '../report/make-report.js';
import { machineTimeZone } from '../report/time-zone.js';
import { noticeText } from '../terminal/progress/reporter.js';
import { UsageError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { version } from '../terms/version.js';
import { harmless, quoted } from '../text/harmless.js';
import { bytes, counted } from '../text/words.js';
import { requireFiles } from './line/arguments.js';
import type { Call } from './line/call.js';
import { printConfig, settingsOf } from './line/settings-of-call.js';

/** `profile-drip report FILE`: makes the page, and says where it is: its path alone on standard output. */
export async function report(call: Call): Promise<ExitStatus> {
  const { host, files } = call;
  const found = await settingsOf(call, 'report');
  const { settings } = found;
  if (settings.printConfig) {
    printConfig(call, found, 'report');
    return exitStatus.done;
  }
  requireFiles(call);
  for (const { level, message } of found.notices) host.stderr.write(`${noticeText(host.stderr, level, message)}\n`);
  const [path = ''] = files;
  const machine = { disk: realDisk, clock: host.clock, bootClock: systemBootClock, processProbe: systemProcessProbe };
  const request = { machine, timeZone: machineTimeZone(), token: randomUUID() };
  const { out, name, days } = settings;
  const said = (await isFolder(path))
    ? folderSaid(await makeFolderReport({ ...request, folder: requireAlone(path, out, name), dayCount: days }))
    : jobSaid(await makeReport({ ...request, ...(await locateJob(realDisk, { file: path, out, name })) }));
  const shownPath = harmless(said.path, 4096);
  host.stdout.write(settings.json ? `${JSON.stringify(reportJson(said.json))}\n` : `${shownPath}\n`);
  host.stderr.write(`${said.words}\n`);
  return exitStatus.done;
}

/** What is told of a page. */
interface Said {
  readonly path: string;
  readonly words: string;
  /** Its entry in `reports`. */
  readonly json: object;
}

async function isFolder(path: string): Promise<boolean> {
  return realDisk.stat(path).then(
    ({ kind }) => kind === 'folder',
    () => false,
  );
}

/** @throws UsageError `option-contradiction`: --out and --name say where the files of one job are. */
function requireAlone(folder: string, out: string | null, name: string | null): string {
  if (out === null && name === null) return folder;
  const found = out === null ? '--name' : '--out';
  const message = `report: expected ${found} with a FILE; ${quoted(folder)} is a folder. Leave ${found} out`;
  throw new UsageError('option-contradiction', message);
}

function folderSaid({ path, sizeBytes, figures, rows }: FolderReportMade): Said {
  const { days, total, earlier } = figures;
  const failureCount = total.failureCount + earlier.length;
  const failures = failureCount === 0 ? '' : `, ${counted(failureCount, 'job')} to look at`;
  const jobCount = total.jobs.length + earlier.length;
  return {
    path,
    words: `A page of ${bytes(sizeBytes)} on ${counted(jobCount, 'job')}${failures}: open it in a browser.`,
    json: {
      report: path,
      size_bytes: sizeBytes,
      jobs: total.jobs.length,
      rows,
      attempts: total.attempts,
      failures: failureCount,
      days: days.map((day) => ({
        day: day.date,
        jobs: day.jobs.length,
        rows: day.rows,
        attempts: day.attempts,
        cap: [...day.cap].map(([code, { used, limit }]) => ({ client_code: code, used, limit })),
        duration_ms: day.durationMs,
        failures: day.failureCount,
      })),
    },
  };
}

function jobSaid(made: ReportMade): Said {
  const { path, sizeBytes, rowCount, rejectedCount, unreadBytes } = made;
  const json = { report: path, size_bytes: sizeBytes, rows: rowCount, not_through: rejectedCount };
  return { path, words: reportWords(made), json: { ...json, unread_bytes: unreadBytes } };
}

/** What the page is about, in a line or two. */
function reportWords({ rowCount, rejectedCount, sizeBytes, unreadBytes }: ReportMade): string {
  const notThrough = rejectedCount === 0 ? '' : `, ${counted(rejectedCount, 'row')} not sent`;
  const page = `A page of ${bytes(sizeBytes)} on ${counted(rowCount, 'row')}${notThrough}: open it in a browser.`;
  if (unreadBytes === 0) return page;
  return `${page}\nThe results end with ${counted(unreadBytes, 'byte')} that are not a whole line; they are not counted.`;
}

function reportJson(report: object): object {
  return { schema: 1, version, exit_status: exitStatus.done, error: null, reports: [report] };
}
