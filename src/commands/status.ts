import { jobFilesOf, sortFiles } from '../job/files/job-files.js';
import { type LedgerStatus, ledgerStatus } from '../ledger/status.js';
import { systemBootClock } from '../platform/clock.js';
import { realDisk } from '../platform/disk.js';
import { systemProcessProbe } from '../platform/process-probe.js';
import { findHome, type HomeOptions } from '../state/open-home.js';
import { readJob } from '../status/read-job.js';
import { UsageError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { withoutPassword } from '../terms/state-url.js';
import { quoted } from '../text/harmless.js';
import type { Call } from './line/call.js';
import { printConfig, settingsOf } from './line/settings-of-call.js';
import { readFolder } from './parts/status-folder.js';
import { type StatusView, statusOfJob } from './parts/status-of-job.js';
import type { FolderStatus } from './words/folder-status.js';
import type { JobStatus } from './words/job-status.js';
import { type GivenPlaces, resumeWords } from './words/resume-command.js';
import { statusObject } from './words/status-object.js';
import { statusText } from './words/status-words.js';

/** `profile-drip status`: reads the ledger and the jobs' files, and changes nothing. */
export async function status(call: Call): Promise<ExitStatus> {
  const { host } = call;
  const found = await settingsOf(call, 'status');
  const { settings } = found;
  if (settings.printConfig) {
    printConfig(call, found, 'status');
    return exitStatus.done;
  }
  const { clock } = host;
  const ledgers = await readLedgers(settings);
  const nowMs = clock.wallMs();
  const view: StatusView = {
    call,
    settings,
    ledgers,
    nowMs,
    machine: { disk: realDisk, clock, bootClock: systemBootClock, processProbe: systemProcessProbe },
    stateDir: isGiven(found.entries, 'state-dir') ? settings.stateDir : null,
  };
  const folders: FolderStatus[] = [];
  const files: string[] = [];
  for (const path of call.files) {
    if (await isFolder(path)) folders.push(await folderStatus(view, path));
    else files.push(path);
  }
  const jobs = await readFiles(view, files);
  if (settings.json) host.stdout.write(`${JSON.stringify(statusObject(ledgers, jobs, folders))}\n`);
  else {
    const options = { screen: host.stdout, nowMs, place: placeOf(settings) };
    host.stdout.write(statusText(ledgers, jobs, folders, options));
  }
  return exitStatus.done;
}

/** @throws UsageError where options say where the job of one FILE is. */
async function folderStatus(view: StatusView, folder: string): Promise<FolderStatus> {
  if (view.settings.name === null && view.settings.out === null) return readFolder(view, folder);
  const message = `--name and --out are for a FILE; found the folder ${quoted(folder)}, which is shown as a whole. Leave them out, or name the FILE`;
  throw new UsageError('option-contradiction', message);
}

async function readFiles(view: StatusView, files: readonly string[]): Promise<JobStatus[]> {
  const { settings, machine, stateDir } = view;
  const options = { out: settings.out, name: settings.name, sandbox: false };
  const places: GivenPlaces = { out: settings.out, name: settings.name, stateDir };
  const jobs: JobStatus[] = [];
  for (const file of sortFiles(files, options).sendable) {
    const stored = await readJob(machine, jobFilesOf(file, options));
    jobs.push(await statusOfJob(view, file, stored, ({ job }) => resumeWords(job, file, places)));
  }
  return jobs;
}

async function isFolder(path: string): Promise<boolean> {
  if (path === '-') return false;
  const found = await realDisk.stat(path).catch(() => null);
  return found?.kind === 'folder';
}

function isGiven(
  entries: readonly { readonly setting: { readonly name: string }; readonly source: string }[],
  name: string,
) {
  return entries.some(({ setting, source }) => setting.name === name && source !== 'default');
}

function placeOf({ stateDir, stateUrl }: HomeOptions): string {
  return stateUrl === null ? stateDir : withoutPassword(stateUrl);
}

async function readLedgers(options: HomeOptions): Promise<LedgerStatus[]> {
  const home = await findHome(options);
  try {
    return await ledgerStatus(home);
  } finally {
    await home?.close();
  }
}
