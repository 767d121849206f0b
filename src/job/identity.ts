import type { Format } from '../batch/open.js';
import type { Columns } from '../target-api/columns.js';
import type { JobIdentity } from './files/checkpoint.js';
import type { JobContext } from './job-context.js';

/** What makes the job of these options this job. */
export function identityOf(
  { options, destination }: Pick<JobContext, 'options' | 'destination'>,
  columns: Columns,
  format: Format,
): JobIdentity {
  return {
    clientCode: options.clientCode.toLowerCase(),
    // Each call of --sandbox has one of its own, on a port of its own: it is the same job all the same.
    endpoint: options.sandbox ? 'sandbox' : destination.origin,
    idColumn: options.idColumn,
    idType: columns.idType,
    values: options.values,
    plus: options.plus,
    delimiter: format.delimiter,
    encoding: format.encoding,
    trim: options.trim,
    only: (options.only ?? []).toSorted(),
    skip: (options.skip ?? []).toSorted(),
    rename: (options.rename ?? []).toSorted(),
    nullWords: (options.nullWords ?? []).toSorted(),
  };
}
