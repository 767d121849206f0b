import { defaultEndpoint, findDestination } from '../../endpoint/endpoint.js';
import { systemLookUp } from '../../endpoint/look-up.js';
import type { Checkpoint, JobIdentity } from '../../job/files/checkpoint.js';
import type { LedgerStatus } from '../../ledger/status.js';
import type { Clock } from '../../platform/ports.js';
import type { Settings } from '../../settings/table.js';
import type { StoredJob } from '../../status/job-state.js';
import type { StatusMachine } from '../../status/read-job.js';
import type { Call } from '../line/call.js';
import { programCommand } from '../line/command-words.js';
import { type JobStatus, jobStatus } from '../words/job-status.js';

/** From where the jobs of one call are looked at. */
export interface StatusView {
  readonly call: Call;
  readonly settings: Settings;
  readonly ledgers: readonly LedgerStatus[];
  readonly nowMs: number;
  readonly machine: StatusMachine;
  /** Set if it was given, and is not the default. */
  readonly stateDir: string | null;
}

export async function statusOfJob(
  { call, ledgers, nowMs, machine }: StatusView,
  file: string,
  stored: StoredJob,
  words: (checkpoint: Checkpoint) => readonly string[],
): Promise<JobStatus> {
  const { checkpoint } = stored;
  return jobStatus(file, stored, {
    ledgers,
    nowMs,
    isLoopback: checkpoint !== null && (await sentToLoopback(checkpoint.job, machine.clock)),
    commandFor: (one) => programCommand(call.host, words(one)),
  });
}

/** A sandbox of `send --sandbox` has no address that is kept. */
async function sentToLoopback({ endpoint, clientCode }: JobIdentity, clock: Clock): Promise<boolean> {
  if (!URL.canParse(endpoint)) return true;
  if (endpoint === defaultEndpoint(clientCode)) return false;
  return (await findDestination({ endpoint, clientCode }, systemLookUp, clock)).isLoopback;
}
