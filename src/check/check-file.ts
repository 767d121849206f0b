import { type Batch, openBatch, type RawRow } from '../batch/open.js';
import { Rehearsal, type RehearsedUpdate } from '../job/loop/rehearsal.js';
import type { Peek } from '../memory/memory.js';
import { type Columns, readColumns } from '../target-api/columns.js';
import { makeFormMerger } from '../target-api/merge-forms.js';
import { FileError, type NamedOption, type ProfileDripError, UsageError } from '../terms/errors.js';
import { Inspector } from './inspector.js';
import type { CheckHooks, CheckOptions } from './options.js';
import type { CheckPorts } from './ports.js';
import type { FileCheck, Plan } from './result.js';
import type { RouteSplit } from './route-split.js';

/** `fault`: the error at which reading stopped; `found` is then what stands before it. */
export interface Checked {
  readonly found: Omit<FileCheck, 'file' | 'plan'>;
  readonly routes: Plan['routes'];
  readonly fault: ProfileDripError | null;
}

const nothingFound: Checked['found'] = {
  rows: { total: 0, sendable: 0, skipped: 0, unchanged: 0, invalid: 0, coalesced: 0 },
  visitors: 0,
  repeated_visitors: 0,
  largest_request_bytes: 0,
  problems: [],
  attributes: [],
  hints: [],
  add_options: [],
};

/** Read at a time: rows do not wait here, and fewer wakings of the other thread are a tenth of the time. */
const blockBytes = 65_536;

/** How many of a file's requests `onFirstRequest` gets. */
const firstRequestCount = 3;

export interface FileContext {
  readonly file: string;
  /** Where its content is. */
  readonly path: string;
  readonly options: CheckOptions;
  readonly hooks: CheckHooks;
  readonly ports: CheckPorts;
  readonly peek: Peek | null;
  readonly split: RouteSplit;
}

/** Reads a whole file. Resolves for every error of the file; rejects for an error of the machine. */
export async function checkFile(context: FileContext): Promise<Checked> {
  try {
    const batch = await openBatch(context.ports.disk, context.path, context.options);
    try {
      return await checkBatchOf(context, batch);
    } finally {
      await batch.close();
    }
  } catch (error) {
    if (!(error instanceof FileError) && !(error instanceof UsageError)) throw error;
    const line = error instanceof FileError ? error.lineNumber : null;
    const examples = line === null ? [] : [{ row: 0, line }];
    const problems = [{ code: error.code, count: 1, examples }];
    const found = { ...nothingFound, problems, add_options: await adviceAfter(context, error) };
    return { found, routes: { update: 0, delivery: 0 }, fault: error };
  }
}

/** What the file needs for its header, and what it would need then. */
async function adviceAfter(context: FileContext, error: FileError | UsageError): Promise<readonly NamedOption[]> {
  const needed = error instanceof FileError ? error.addOptions : [];
  if (needed.length === 0 || context.hooks.signal?.aborted === true) return [];
  const { signal } = context.hooks;
  const options = needed.reduce(withOption, context.options);
  const { found } = await checkFile({
    ...context,
    options,
    hooks: signal === undefined ? {} : { signal },
    peek: null,
  });
  return [...needed, ...found.add_options];
}

/** Those that an error of the header can name. */
function withOption(options: CheckOptions, { name, value }: NamedOption): CheckOptions {
  if (value === null) return options;
  switch (name) {
    case 'delimiter':
      return { ...options, delimiter: value === 'tab' ? '\t' : value };
    case 'id-column':
      return { ...options, idColumn: value };
    case 'id-type':
      return { ...options, idType: value === 'pcId' ? 'pcId' : 'thirdPartyId' };
    case 'encoding':
      return { ...options, encoding: 'windows-1252' };
    case 'skip':
      return { ...options, skip: [...(options.skip ?? []), value] };
    case 'rename':
      return { ...options, rename: [...(options.rename ?? []), value] };
    default:
      return options;
  }
}

async function checkBatchOf(context: FileContext, batch: Batch): Promise<Checked> {
  const { options, hooks, ports, file } = context;
  const cutAt = { ...options, delimiter: batch.format.delimiter };
  const columns = readColumns(batch.header, cutAt);
  const inspector = new Inspector(columns, batch.header.lineNumber, cutAt, ports.random);
  const rows = new Rows(context, inspector, columns);
  hooks.onEvent?.({
    kind: 'started',
    file,
    snapshot: () => ({
      readBytes: batch.readBytes(),
      sizeBytes: batch.stat.sizeBytes,
      rowCount: inspector.rowCount,
      invalidCount: inspector.invalidCount,
    }),
  });
  const request = { path: context.path, batch: batch.format };
  const source = ports.openRowSource(request, batch.stat.sizeBytes);
  let fault: FileError | null = null;
  try {
    const reader = source.readerFrom(batch.dataStart);
    for await (const chunk of batch.read(reader, batch.dataStart, { fingerprint: null, blockBytes })) {
      if (hooks.signal?.aborted === true) break;
      await rows.take(chunk);
    }
    await rows.finish();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const { rowNumber, lineNumber } = batch.nextPosition();
    inspector.problems.note(error.code, { row: rowNumber, line: error.lineNumber ?? lineNumber });
    fault = error;
  } finally {
    await source.close();
    hooks.onEvent?.({ kind: 'ended', file });
  }
  return { found: inspector.found(fault === null), routes: rows.routes, fault };
}

/** Takes rows as they are read, and reports the first requests. */
class Rows {
  readonly #context: FileContext;
  readonly #inspector: Inspector;
  readonly routes = { update: 0, delivery: 0 };
  /** With --coalesce. */
  readonly #rehearsal: Rehearsal | null;
  #toldCount = 0;

  constructor(context: FileContext, inspector: Inspector, columns: Columns) {
    this.#context = context;
    this.#inspector = inspector;
    const { options, ports } = context;
    const { method, route } = options;
    const merge = makeFormMerger(columns, { method, route, clientCode: options.clientCode ?? '' });
    this.#rehearsal = options.coalesce ? new Rehearsal(ports.clock, merge) : null;
  }

  async take(chunk: readonly RawRow[]): Promise<void> {
    const { peek, hooks } = this.#context;
    const tells = hooks.onFirstRequest !== undefined && this.#toldCount < firstRequestCount;
    if (peek === null && !tells && this.#rehearsal === null) {
      for (const row of chunk) {
        const request = this.#inspector.take(row);
        if (request !== null) this.#count(request);
      }
      return;
    }
    const updates: RehearsedUpdate[] = [];
    for (const row of chunk) {
      const request = this.#inspector.take(row);
      const { rowNumber, lineNumber } = row;
      if (request === null) this.#rehearsal?.pass(row);
      else if (this.#rehearsal !== null) updates.push(...this.#rehearsal.take(row, request));
      else updates.push({ rowNumber, lineNumber, id: request.id, form: request.form, rowCount: 1 });
    }
    await this.#judge(updates);
  }

  #count(update: Pick<RehearsedUpdate, 'id' | 'form'>): void {
    this.routes[this.#context.split.routeOf(update)] += 1;
  }

  /** All rows were taken. */
  async finish(): Promise<void> {
    if (this.#rehearsal !== null) await this.#judge(this.#rehearsal.finish());
  }

  async #judge(updates: readonly RehearsedUpdate[]): Promise<void> {
    const { peek } = this.#context;
    const areUnchanged = peek === null ? [] : await peek.areUnchanged(updates.map(({ form }) => form));
    updates.forEach((update, index) => {
      if (areUnchanged[index] === true) {
        this.#inspector.wereUnchanged(update.rowCount);
        return;
      }
      this.#inspector.goTogether(update);
      this.#count(update);
      this.#tell(update);
    });
  }

  #tell({ rowNumber, lineNumber, form }: RehearsedUpdate): void {
    if (this.#toldCount >= firstRequestCount) return;
    this.#toldCount += 1;
    this.#context.hooks.onFirstRequest?.({ file: this.#context.file, rowNumber, lineNumber, form });
  }
}
