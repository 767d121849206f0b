import { randomUUID } from 'node:crypto';
import { systemBootClock } from '../platform/clock.js';
import { realDisk } from '../platform/disk.js';
import { systemProcessProbe } from '../platform/process-probe.js';
import { locateJob } from '../report/locate-job.js';
import { makeReport, type ReportMade } from '../report/make-report.js';
import { machineTimeZone } from '../report/time-zone.js';
import { noticeText } from '../terminal/progress/reporter.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { version } from '../terms/version.js';
import { harmless } from '../text/harmless.js';
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
  const [file = ''] = files;
  const made = await makeReport({
    machine: { disk: realDisk, clock: host.clock, bootClock: systemBootClock, processProbe: systemProcessProbe },
    ...(await locateJob(realDisk, { file, out: settings.out, name: settings.name })),
    timeZone: machineTimeZone(),
    token: randomUUID(),
  });
  host.stdout.write(settings.json ? `${JSON.stringify(reportJson(made))}\n` : `${harmless(made.path, 4096)}\n`);
  host.stderr.write(`${reportWords(made)}\n`);
  return exitStatus.done;
}

/** What the page is about, in a line or two. */
function reportWords({ rowCount, rejectedCount, sizeBytes, unreadBytes }: ReportMade): string {
  const notThrough = rejectedCount === 0 ? '' : `, ${counted(rejectedCount, 'row')} not sent`;
  const page = `A page of ${bytes(sizeBytes)} on ${counted(rowCount, 'row')}${notThrough}: open it in a browser.`;
  if (unreadBytes === 0) return page;
  return `${page}\nThe results end with ${counted(unreadBytes, 'byte')} that are not a whole line; they are not counted.`;
}

function reportJson({ path, sizeBytes, rowCount, rejectedCount, unreadBytes }: ReportMade): object {
  const made = { report: path, size_bytes: sizeBytes, rows: rowCount, not_through: rejectedCount };
  return {
    schema: 1,
    version,
    exit_status: exitStatus.done,
    error: null,
    reports: [{ ...made, unread_bytes: unreadBytes }],
  };
}
