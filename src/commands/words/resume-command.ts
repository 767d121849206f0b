import type { JobIdentity } from '../../job/files/checkpoint.js';
import { optionsOf } from '../../report/figures/next-step.js';

/** What the caller of `status` said about where a job's files and its state are. */
export interface GivenPlaces {
  readonly out: string | null;
  readonly name: string | null;
  readonly stateDir: string | null;
}

/**
 * The words of the command that resumes a job, as its checkpoint knows it. What does not make a job another one (token,
 * rate, --changed-only) is not in the checkpoint: the person who pastes it adds that. Pure.
 */
export function resumeWords(job: JobIdentity, file: string, { out, name, stateDir }: GivenPlaces): string[] {
  return ['send', ...optionsOf(job), ...option('out', out), ...option('name', name), ...stateOption(stateDir), file];
}

/** The same for a job whose FILE waits in a drop folder. */
export function resumeDropWords(job: JobIdentity, folder: string, stateDir: string | null): string[] {
  return ['drop', folder, ...optionsOf(job), ...stateOption(stateDir)];
}

function stateOption(stateDir: string | null): string[] {
  return option('state-dir', stateDir);
}

/** A value that begins with a hyphen would be taken for an option. */
function option(name: string, value: string | null): string[] {
  if (value === null) return [];
  return value.startsWith('-') ? [`--${name}=${value}`] : [`--${name}`, value];
}
