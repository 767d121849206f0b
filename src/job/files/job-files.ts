import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../../terms/errors.js';

/** Where a job's files are. Paths are as relative as FILE or --out was given. */
export interface JobFiles {
  readonly folder: string;
  /** What all their names begin with. */
  readonly stem: string;
  readonly results: string;
  readonly rejects: string;
  /** Beside the rejects: why each row is there. */
  readonly rejectsReasons: string;
  readonly checkpoint: string;
  readonly summary: string;
  /** `profile-drip report` makes it. */
  readonly report: string;
  /** Standard input, as a file. */
  readonly spool: string;
  /** Standard input of this call, until it is whole and has its turn. */
  readonly spoolNext: string;
  readonly lock: string;
  /** What `profile-drip verify` found. */
  readonly verify: string;
  readonly verifyState: string;
  readonly verifyLock: string;
  /** Rows of visitors that it did not find. */
  readonly notFound: string;
}

export interface JobFilesOptions {
  /** --out; `null`: beside FILE, the working directory for `-`. */
  readonly out: string | null;
  /** --name; `null`: FILE's whole name. */
  readonly name: string | null;
  readonly sandbox: boolean;
}

const suffixes = {
  results: '.results.csv',
  rejects: '.rejects.csv',
  rejectsReasons: '.rejects.reasons.csv',
  checkpoint: '.checkpoint.json',
  summary: '.summary.json',
  report: '.report.html',
  spool: '.spool',
  spoolNext: '.spool.next',
  lock: '.lock',
  verify: '.verify.csv',
  verifyState: '.verify.json',
  verifyLock: '.verify.lock',
  notFound: '.not-found.csv',
} as const;

/** What is kept of a job when another takes its names; the checkpoint is moved last (archive.ts). */
export const archivedKinds = [
  'results',
  'rejects',
  'rejectsReasons',
  'summary',
  'report',
  'verify',
  'verifyState',
  'notFound',
] as const;

/**
 * The files of the job on `file` (a path, or `-`). UsageError where `-` has no name, where a name is not a file name, or
 * where the job would write over FILE itself.
 */
export function jobFilesOf(file: string, options: JobFilesOptions): JobFiles {
  const folder = options.out ?? (file === '-' ? '.' : dirname(file));
  const files = jobFilesIn(folder, stemOf(file, options));
  const { folder: _folder, stem: _stem, ...paths } = files;
  const isOwn = file !== '-' && Object.values(paths).some((path) => resolve(path) === resolve(file));
  if (isOwn) {
    throw new UsageError(
      'file-is-job-file',
      `${file} would be overwritten: one of the job's own files would have the same name. Give the job another name with --name.`,
    );
  }
  return files;
}

/** The files of the job with this stem, wherever FILE is. */
export function jobFilesIn(folder: string, stem: string): JobFiles {
  const path = (suffix: string) => join(folder, `${stem}${suffix}`);
  return {
    folder,
    stem,
    results: path(suffixes.results),
    ...rejectsIn(folder, stem),
    checkpoint: path(suffixes.checkpoint),
    summary: path(suffixes.summary),
    report: path(suffixes.report),
    spool: path(suffixes.spool),
    spoolNext: path(suffixes.spoolNext),
    lock: path(suffixes.lock),
    verify: path(suffixes.verify),
    verifyState: path(suffixes.verifyState),
    verifyLock: path(suffixes.verifyLock),
    notFound: path(suffixes.notFound),
  };
}

/** What a further round of rejects is called: `X.rejects.csv`, `X.rejects-2.csv`, `X.rejects-3.csv`. */
const roundForm = /^(.+)\.rejects(?:-([1-9]\d{0,8}))?\.csv$/;

/** X, and which round of its rejects this is, from 1; `null`: the file is not named as rejects. */
export function rejectsRound(name: string): { readonly name: string; readonly round: number } | null {
  const [, of, round = '1'] = roundForm.exec(name) ?? [];
  return of === undefined ? null : { name: of, round: Number(round) };
}

/** Rejects of rejects are a further round: their name does not grow with each. */
function rejectsIn(folder: string, stem: string): Pick<JobFiles, 'rejects' | 'rejectsReasons'> {
  const sent = rejectsRound(stem);
  const start = sent === null ? `${stem}.rejects` : `${sent.name}.rejects-${sent.round + 1}`;
  return { rejects: join(folder, `${start}.csv`), rejectsReasons: join(folder, `${start}.reasons.csv`) };
}

function stemOf(file: string, { name, sandbox }: JobFilesOptions): string {
  if (name === null && file === '-') {
    throw new UsageError(
      'name-missing',
      "standard input has no name that the job's files could have: give one with --name.",
    );
  }
  const stem = name ?? basename(file);
  if (stem === '' || stem === '.' || stem === '..' || /[/\\\u0000]/.test(stem)) {
    const what =
      name === null
        ? `${file} has no name that the job's files could have`
        : 'the name of a job is a file name, without a path';
    throw new UsageError('name-unusable', `${what}. Give one with --name, and their folder with --out.`);
  }
  return sandbox ? `${stem}.sandbox` : stem;
}

const anySuffix = [
  ...Object.values(suffixes).map((suffix) => suffix.replaceAll('.', '\\.')),
  '\\.rejects-\\d+(?:\\.reasons)?\\.csv',
].join('|');
const temp = '\\.[\\w-]+\\.tmp';
const tempEnd = new RegExp(`^${temp}$`);
const jobFileEnd = new RegExp(`(?:${anySuffix})(?:${temp})?$`);
/** With which an earlier job's files are renamed (archive.ts). */
const startTimeEnd = /\.\d{4}-\d\d-\d\dT\d{6}Z(?:-\d+)?$/;

/** Whether `kept` is the stem under which files of the job with this stem are kept. */
export function isKeptStem(stem: string, kept: string): boolean {
  return startTimeEnd.test(kept) && kept.replace(startTimeEnd, '') === stem;
}

/** Whether a file's name is one that a job gives its files: those are never taken up by themselves (`drop`). */
export function isJobFile(name: string): boolean {
  return jobFileEnd.test(name);
}

/** Whether `name` is a temp file of the job with this stem; the holder of its lease may remove it. */
export function isTempFileOf(stem: string, name: string): boolean {
  const { folder: _folder, stem: _stem, ...paths } = jobFilesIn('', stem);
  return Object.values(paths).some((own) => name.startsWith(own) && tempEnd.test(name.slice(own.length)));
}

/** The job whose files are kept under this stem, and when it began; `null`: it is not the stem of an earlier job. */
export function keptSince(kept: string): { readonly stem: string; readonly startedAtMs: number } | null {
  const [end] = startTimeEnd.exec(kept) ?? [];
  const [, day, hour, minute, second] = /^\.(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(end ?? '') ?? [];
  if (end === undefined || day === undefined) return null;
  const startedAtMs = Date.parse(`${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(startedAtMs) ? null : { stem: kept.slice(0, -end.length), startedAtMs };
}

/** FILEs of one call: `sendable` in their order, and what is passed over with a line, as a shell's glob hands it in. */
export interface SortedFiles {
  readonly sendable: readonly string[];
  readonly passedOver: readonly { readonly file: string; readonly jobFileOf: string }[];
}

/**
 * Tells FILEs from the job files of other FILEs among them, and refuses those that could not be worked on side by
 * side. UsageError: --name with several, or two FILEs whose job files would have the same names.
 */
export function sortFiles(files: readonly string[], options: JobFilesOptions): SortedFiles {
  if (files.length > 1 && options.name !== null) {
    throw new UsageError(
      'name-several',
      `--name names one job, but there are ${files.length} FILEs. Send them one by one.`,
    );
  }
  const owners = new Map<string, string>();
  for (const file of files.filter((path) => path !== '-')) {
    owners.set(resolve(file), file);
    if (options.out !== null) owners.set(resolve(options.out, basename(file)), file);
  }
  const sendable: string[] = [];
  const passedOver: { file: string; jobFileOf: string }[] = [];
  for (const file of files) {
    const owner = possibleStems(basename(file)).map((stem) => owners.get(resolve(dirname(file), stem)));
    const jobFileOf = owner.find((found) => found !== undefined);
    if (jobFileOf === undefined) sendable.push(file);
    else passedOver.push({ file, jobFileOf });
  }
  refuseClashes(sendable, options);
  return { sendable, passedOver };
}

/** The names of the FILEs whose job file this could be: none, if it has no job file's name. */
function possibleStems(name: string): string[] {
  if (!isJobFile(name)) return [];
  const stem = name.replace(jobFileEnd, '');
  const stems = [stem, stem.replace(startTimeEnd, '')];
  return [...stems, ...stems.map((one) => one.replace(/\.sandbox$/, ''))];
}

function refuseClashes(files: readonly string[], options: JobFilesOptions): void {
  const owners = new Map<string, string>();
  for (const file of files) {
    const path = resolve(jobFilesOf(file, options).results);
    const other = owners.get(path);
    if (other !== undefined) {
      const advice = other === file ? 'Give it once.' : 'Send them one by one, each with its own --out or --name.';
      throw new UsageError('files-clash', `${other} and ${file} would have the same job files. ${advice}`);
    }
    owners.set(path, file);
  }
}
