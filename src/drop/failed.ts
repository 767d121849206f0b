import { join } from 'node:path';
import { endedRowCount } from '../job/files/checkpoint.js';
import { type JobFiles, jobFilesIn } from '../job/files/job-files.js';
import { beginMove } from '../job/files/move-files.js';
import { loadCheckpoint } from '../job/files/read-checkpoint.js';
import { withPaths, writeJobSummary } from '../job/files/write-summary.js';
import type { JobSummary } from '../job/terms/summary.js';
import type { Disk } from '../platform/ports.js';
import { onDisk, unlessMissing } from '../storage/disk-errors.js';
import { FieldFault, Fields, readText } from '../storage/read-json.js';
import { replaceFile } from '../storage/replace-file.js';
import { localTime } from '../text/local-time.js';
import { grouped } from '../text/numbers.js';
import { type Archiving, errorTextPath, freeTarget, type Target } from './archive.js';
import { printOf } from './arrivals.js';
import type { Place } from './folders.js';

/**
 * A file that cannot be read goes to `failed/`. It may have no checkpoint that could say where to, so a plan of its
 * own is written first. A pass that finds one carries it out; doing it several times is safe.
 */
export interface FailedPlan {
  readonly name: string;
  /** Stem of its job files, if it has any. */
  readonly stem: string;
  /** FILE when the plan was made: another one under its name stays. */
  readonly print: string;
  readonly target: Pick<Target, 'name' | 'stem'>;
  /** The whole `.error.txt`. */
  readonly text: string;
}

const planName = '.failed.json';

/**
 * Puts FILE and its job files away. Resolves to FILE's new path, and to the summary with the new paths of its files;
 * `null` where FILE is gone.
 */
export async function moveToFailed(
  archiving: Archiving,
  name: string,
  files: JobFiles,
  why: { readonly code: string; readonly message: string },
  summary: JobSummary | null,
): Promise<{ readonly path: string; readonly summary: JobSummary | null } | null> {
  const { disk, place, runId } = archiving;
  const path = join(place.root, name);
  const stat = await onDisk(`look at ${path}`, () => unlessMissing(disk.stat(path)));
  if (stat === null) return null;
  const target = await freeTarget(disk, place.failed, name, files.stem.slice(name.length));
  const moved = summary && withPaths(summary, files, jobFilesIn(target.folder, target.stem));
  if (moved !== null) await writeJobSummary(disk, files.summary, moved, runId);
  const text = await errorText(archiving, name, files, target, why);
  const plan: FailedPlan = { name, stem: files.stem, print: printOf(stat), target, text };
  await replaceFile(disk, join(place.jobs, planName), `${JSON.stringify(plan, null, 2)}\n`, runId);
  await carryOut(archiving, plan);
  return { path: join(target.folder, target.name), summary: moved };
}

/** Finishes a move that an earlier run started. */
export async function mendFailed(archiving: Archiving): Promise<void> {
  const { disk, place } = archiving;
  for (const name of await onDisk(`look at ${place.jobs}`, () => disk.list(place.jobs))) {
    if (name.startsWith(`${planName}.`)) await unlessMissing(disk.remove(join(place.jobs, name)));
  }
  const plan = await loadPlan(disk, place);
  if (plan !== null) await carryOut(archiving, plan);
}

async function carryOut({ disk, place, marker, runId }: Archiving, plan: FailedPlan): Promise<void> {
  const target = { ...plan.target, folder: place.failed };
  const from = join(place.root, plan.name);
  const to = join(target.folder, target.name);
  await replaceFile(disk, errorTextPath(target), plan.text, runId);
  await onDisk(`move ${from} to ${target.folder}`, async () => {
    const stat = await unlessMissing(disk.stat(from));
    const isStillThere = stat !== null && printOf(stat) === plan.print && (await unlessMissing(disk.look(to))) === null;
    const ownMarker = isStillThere && marker !== null ? from + marker : null;
    const files = jobFilesIn(place.jobs, plan.stem);
    const checkpoint = await loadCheckpoint(disk, files.checkpoint);
    if (checkpoint !== null) {
      const { folder, stem } = target;
      const move = { role: 'failed', stem, fileName: isStillThere ? target.name : null } as const;
      const file = isStillThere ? { from, to } : null;
      await beginMove(disk, files, checkpoint, move, { folder, stem, file, marker: ownMarker });
    } else if (isStillThere) {
      if (ownMarker !== null) await unlessMissing(disk.remove(ownMarker));
      await disk.rename(from, to);
    }
    for (const folder of [target.folder, place.root]) await disk.syncFolder(folder);
    await unlessMissing(disk.remove(join(place.jobs, planName)));
  });
}

async function errorText(
  { disk, clock }: Archiving,
  name: string,
  files: JobFiles,
  target: Target,
  { code, message }: { readonly code: string; readonly message: string },
): Promise<string> {
  const checkpoint = await loadCheckpoint(disk, files.checkpoint);
  const endedCount = checkpoint === null ? 0 : endedRowCount(checkpoint.counts);
  const todo =
    endedCount === 0
      ? 'Nothing of it was sent. Correct the file and put it into the drop folder again.'
      : `Its rows up to that place are done (${grouped(endedCount)}); their results stand beside the file. Correct the file from that place on and send it here, with the options of the drop folder: profile-drip send resumes after those rows. If you put it into the drop folder again, it is sent from its first row.`;
  return `${name} cannot be read, and was put here by profile-drip drop at ${localTime(clock.wallMs())}.

Why: ${message}
Code: ${code}

What to do: ${todo}
${target.name === name ? '' : `\nIt is called ${target.name} here, because the name was taken.\n`}`;
}

/** One that is damaged cannot be carried out: FILE is where it was, or is in `failed/` with its text. */
async function loadPlan(disk: Disk, place: Place): Promise<FailedPlan | null> {
  const path = join(place.jobs, planName);
  return onDisk(`read ${path}`, async () => {
    const file = await unlessMissing(disk.open(path, 'read'));
    if (file === null) return null;
    try {
      const fields = Fields.parse(await readText(file));
      const target = fields.object('target');
      const fileName = /^(?!\.{1,2}$)[^/\\\0]+$/;
      return {
        name: fields.text('name', fileName),
        stem: fields.text('stem', fileName),
        print: fields.text('print'),
        target: { name: target.text('name', fileName), stem: target.text('stem', fileName) },
        text: fields.text('text'),
      };
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      await unlessMissing(disk.remove(path));
      return null;
    } finally {
      await file.close();
    }
  });
}
