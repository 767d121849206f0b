import { defaultEndpoint, findDestination } from '../endpoint/endpoint.js';
import { systemLookUp } from '../endpoint/look-up.js';
import type { JobIdentity } from '../job/files/checkpoint.js';
import { jobFilesOf, sortFiles } from '../job/files/job-files.js';
import { loadCheckpoint } from '../job/files/read-checkpoint.js';
import { type LedgerStatus, ledgerStatus } from '../ledger/status.js';
import { realDisk } from '../platform/disk.js';
import type { Clock } from '../platform/ports.js';
import { findHome, type HomeOptions } from '../state/open-home.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { withoutPassword } from '../terms/state-url.js';
import type { Call } from './line/call.js';
import { printConfig, settingsOf } from './line/settings-of-call.js';
import { type JobStatus, jobStatus } from './words/job-status.js';
import { statusText } from './words/status-words.js';

/** `profile-drip status`: reads the ledger and the jobs' checkpoints, and changes nothing. */
export async function status(call: Call): Promise<ExitStatus> {
  const { host } = call;
  const found = await settingsOf(call, 'status');
  const { settings } = found;
  if (settings.printConfig) {
    printConfig(call, found, 'status');
    return exitStatus.done;
  }
  const ledgers = await readLedgers(settings);
  const nowMs = host.clock.wallMs();
  const jobs: JobStatus[] = [];
  const options = { out: settings.out, name: settings.name, sandbox: false };
  for (const file of sortFiles(call.files, options).sendable) {
    const checkpoint = await loadCheckpoint(realDisk, jobFilesOf(file, options).checkpoint);
    const isLoopback = checkpoint !== null && (await sentToLoopback(checkpoint.job, host.clock));
    jobs.push(jobStatus(file, checkpoint, ledgers, nowMs, isLoopback));
  }
  if (settings.json) host.stdout.write(`${JSON.stringify(statusObject(ledgers, jobs))}\n`);
  else host.stdout.write(statusText(ledgers, jobs, { screen: host.stdout, nowMs, place: placeOf(settings) }));
  return exitStatus.done;
}

/** A sandbox of `send --sandbox` has no address that is kept. */
async function sentToLoopback({ endpoint, clientCode }: JobIdentity, clock: Clock): Promise<boolean> {
  if (!URL.canParse(endpoint)) return true;
  if (endpoint === defaultEndpoint(clientCode)) return false;
  return (await findDestination({ endpoint, clientCode }, systemLookUp, clock)).isLoopback;
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

/** `--json`: a public interface. */
export function statusObject(ledgers: readonly LedgerStatus[], jobs: readonly JobStatus[]) {
  return {
    schema: 1,
    ledgers: ledgers.map((ledger) => ({
      client_code: ledger.clientCode,
      loopback: ledger.isLoopback,
      limit: ledger.limit,
      reserve: ledger.reserve,
      used: ledger.used,
      left: ledger.left,
      next_free_at: isoTime(ledger.nextFreeAtMs),
      all_free_at: isoTime(ledger.allFreeAtMs),
      hours: ledger.hours.map(({ fromMs, used }) => ({ from: isoTime(fromMs), used })),
    })),
    jobs: jobs.map((job) => ({
      file: job.file,
      complete: job.complete,
      rows: job.rows,
      updated_at: isoTime(job.updatedAtMs),
      ends_at: isoTime(job.endsAtMs),
    })),
  };
}

function isoTime(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString();
}
