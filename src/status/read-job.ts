import type { JobFiles } from '../job/files/job-files.js';
import { loadCheckpoint } from '../job/files/read-checkpoint.js';
import { findLease, judgeLease } from '../job/lock/lease.js';
import type { BootClock, Clock, Disk } from '../platform/ports.js';
import type { ProcessProbe } from '../platform/process-probe.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { FieldFault, Fields, readText } from '../storage/read-json.js';
import { exitStatus } from '../terms/exit-status.js';
import type { LastEnd, StoredJob } from './job-state.js';

/** The parts of the machine that the status reads. It writes nothing. */
export interface StatusMachine {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly processProbe: ProcessProbe;
}

/** @throws UsageError where the checkpoint is damaged, or is not the program's. */
export async function readJob(machine: StatusMachine, files: JobFiles): Promise<StoredJob> {
  // The lock first: a run that ends meanwhile has written the rest before it releases the lock.
  const lock = await readLock(machine, files.lock);
  const checkpoint = await loadCheckpoint(machine.disk, files.checkpoint);
  return { checkpoint, lastEnd: await readLastEnd(machine.disk, files.summary), lock };
}

export async function readLock(machine: StatusMachine, path: string): Promise<StoredJob['lock']> {
  const { disk, clock, bootClock, processProbe } = machine;
  const found = await onDisk(`read ${path}`, () => findLease(disk, path));
  if (found === null) return null;
  const viewpoint = {
    bootId: bootClock.bootId(),
    uptimeMs: bootClock.uptimeMs(),
    pidNamespace: processProbe.self().pidNamespace,
    fileSystemMs: clock.wallMs(),
  };
  return { found, isHeld: judgeLease(found, viewpoint, processProbe.look) !== 'free' };
}

/** A summary that cannot be read says nothing: the checkpoint decides then. */
async function readLastEnd(disk: Disk, path: string): Promise<LastEnd | null> {
  return onDisk(`read ${path}`, async () => {
    const file = await unlessMissing(disk.open(path, 'read'));
    if (file === null) return null;
    try {
      const fields = Fields.parse(await readText(file));
      const error = fields.objectOrNull('error');
      return {
        runId: fields.text('run_id'),
        file: fields.text('file'),
        endedAtMs: fields.timeMs('ended_at'),
        complete: fields.yesNo('complete'),
        exitStatus: fields.oneOf('exit_status', Object.values(exitStatus)),
        error: error && { code: error.text('code'), message: error.text('message') },
      };
    } catch (error) {
      if (error instanceof FieldFault) return null;
      throw error;
    } finally {
      await file.close();
    }
  });
}
