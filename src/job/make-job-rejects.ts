import type { Batch } from '../batch/open.js';
import type { Columns } from '../target-api/columns.js';
import { makePreparer } from '../target-api/prepare.js';
import type { JobContext } from './job-context.js';
import { makeRejects } from './results/rejects.js';

/** The rejects of a job whose every row has its end. Resolves to how many rows they hold. */
export function makeJobRejects(
  context: JobContext,
  batch: Batch,
  columns: Columns,
  rejectedCount: number,
): Promise<number> {
  const { machine, files, options, runId } = context;
  const prepare = makePreparer(columns, options);
  return makeRejects(batch, {
    disk: machine.disk,
    random: machine.random,
    runId,
    resultsPath: files.results,
    rejectsPath: files.rejects,
    reasonsPath: files.rejectsReasons,
    rejectedCount,
    visitorOf: (row) => {
      const { id } = prepare(row.cells, row.isUtf8);
      return id === '' ? null : id;
    },
  });
}
