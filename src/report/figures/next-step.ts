import { basename, dirname, resolve } from 'node:path';
import { defaultEndpoint } from '../../endpoint/endpoint.js';
import type { JobIdentity } from '../../job/files/checkpoint.js';
import type { JobFiles } from '../../job/files/job-files.js';
import { shellCommand } from '../../terminal/shell.js';
import { type ExitStatus, exitStatus } from '../../terms/exit-status.js';
import type { JobFacts } from './job-facts.js';
import type { Standing } from './standing.js';

/** What to do next, and the line to paste. Pure. */
export interface NextStep {
  readonly text: string;
  readonly command: string | null;
}

/** How a job is named on the command line. */
export interface JobNaming {
  /** FILE; `null`: not known, because the job was named by its results and FILE is not there. */
  readonly file: string | null;
  readonly out: string | null;
  readonly name: string | null;
}

export interface Situation {
  readonly standing: Standing;
  readonly job: JobFacts | null;
  readonly naming: JobNaming;
  readonly files: JobFiles;
  readonly rejectedCount: number;
  readonly hasRejects: boolean;
}

export function nextStep(situation: Situation): NextStep {
  const { standing, job, naming, files } = situation;
  const resume = job === null ? null : resumeCommand(job.settings, naming, files);
  switch (standing.kind) {
    case 'done':
      return afterEnd(situation);
    case 'closed':
      return nothing('Nothing to do: the new content of the file is a job of its own.');
    case 'running':
      return {
        text: 'Nothing to do. This page does not change by itself. To see more, make it again:',
        command: reportCommand(naming, files),
      };
    case 'stopped':
      return withCommand(adviceOf(standing.exitStatus), resume);
    case 'interrupted':
      return withCommand('Resume', resume);
    case 'unknown':
      return nothing('Put the checkpoint back beside the results: without it the job cannot be resumed.');
  }
}

function afterEnd({ job, rejectedCount, hasRejects, files }: Situation): NextStep {
  if (rejectedCount === 0) return nothing('Nothing to do.');
  if (!hasRejects)
    return nothing('The rejects file is not beside the results: put it back, correct its rows and send it.');
  const command =
    job === null ? null : shellCommand(['profile-drip', 'send', ...optionsOf(job.settings), resolve(files.rejects)]);
  return withCommand('Correct the rejects, then send them', command);
}

/** What a person has to do before the same command can do better. */
function adviceOf(status: ExitStatus | null): string {
  switch (status) {
    case exitStatus.usage:
    case exitStatus.machine:
      return 'Do what the message says, then resume';
    case exitStatus.endpoint:
      return 'Check the endpoint, the network and the token, then resume';
    case exitStatus.cap:
      return 'Wait until units of the cap are free, then resume';
    case exitStatus.maxFailures:
      return 'Look at the reasons below, then resume';
    case exitStatus.internal:
      return 'This is a bug in profile-drip: report it. Then resume';
    default:
      return 'Resume';
  }
}

function nothing(text: string): NextStep {
  return { text, command: null };
}

function withCommand(text: string, command: string | null): NextStep {
  return command === null ? nothing(`${text} with the command that began the job.`) : { text: `${text}:`, command };
}

/** The command that resumes the job. `null`: FILE is not known. */
export function resumeCommand(settings: JobIdentity, naming: JobNaming, files: JobFiles): string | null {
  const dropFolder = dropFolderOf(files);
  if (dropFolder !== null) return shellCommand(['profile-drip', 'drop', dropFolder, ...optionsOf(settings)]);
  const { file } = naming;
  if (file === null) return null;
  return shellCommand(['profile-drip', 'send', ...optionsOf(settings), ...placeOf(naming), pathOf(file)]);
}

function reportCommand(naming: JobNaming, files: JobFiles): string {
  const { file } = naming;
  const words = file === null ? [resolve(files.results)] : [...placeOf(naming), pathOf(file)];
  return shellCommand(['profile-drip', 'report', ...words]);
}

/** Paths are absolute: a page is read far from the folder in which it was made. */
function pathOf(file: string): string {
  return file === '-' ? '-' : resolve(file);
}

function placeOf({ out, name }: JobNaming): string[] {
  return [...(out === null ? [] : ['--out', resolve(out)]), ...(name === null ? [] : option('name', name))];
}

/** The drop folder in which the job was started and is not put away yet. */
function dropFolderOf({ folder }: JobFiles): string | null {
  return basename(resolve(folder)) === '.profile-drip' ? dirname(resolve(folder)) : null;
}

/** The options that make a job this job, as one types them. A new part of a job's identity has its line here. */
export function optionsOf(settings: JobIdentity): string[] {
  const { clientCode, endpoint, values, plus, delimiter, idColumn, idType } = settings;
  const target =
    endpoint === 'sandbox'
      ? ['--sandbox', ...unlessUsual('client-code', clientCode, 'sandbox')]
      : [...option('client-code', clientCode), ...unlessUsual('endpoint', endpoint, defaultEndpoint(clientCode))];
  return [
    ...target,
    ...unlessUsual('values', values, 'encoded'),
    ...unlessUsual('plus', plus, null),
    ...unlessUsual('delimiter', delimiter === '\t' ? '\\t' : delimiter, ','),
    // What was found in UTF-16 has its byte order mark, which says the rest.
    ...unlessUsual('encoding', settings.encoding.startsWith('utf-16') ? 'utf-16' : settings.encoding, 'utf-8'),
    ...(settings.trim ? ['--trim'] : []),
    ...settings.only.flatMap((name) => option('only', name)),
    ...settings.skip.flatMap((name) => option('skip', name)),
    ...settings.rename.flatMap((pair) => option('rename', pair)),
    ...settings.nullWords.flatMap((word) => option('null', word)),
    ...(idColumn === null ? [] : [...option('id-column', idColumn), ...option('id-type', idType)]),
  ];
}

function unlessUsual(name: string, value: string | null, usual: string | null): string[] {
  return value === null || value === usual ? [] : option(name, value);
}

/** A value that looks like an option stands behind `=`. */
function option(name: string, value: string): string[] {
  return value.startsWith('-') ? [`--${name}=${value}`] : [`--${name}`, value];
}
