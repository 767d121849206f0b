/**
 * What the gateway answers, as the Bulk API does: jobs look for the exact text `<success>true</success>` and cut between
 * tags without decoding. So no white space inside tags, no `&` in what they hold, and a status address under 255
 * characters. Pure.
 */
export interface Reply {
  readonly httpStatus: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export const statusAddressMax = 254;

const xml = 'text/xml; charset=utf-8';

function reply(httpStatus: number, contentType: string, body: string, headers: Reply['headers'] = {}): Reply {
  return { httpStatus, contentType, body, headers };
}

export function accepted(statusAddress: string): Reply {
  return reply(
    200,
    xml,
    `<response><success>true</success><batchStatus>${statusAddress}</batchStatus><message>Batch submitted for processing</message></response>`,
  );
}

/** `message` is a sentence of ours: it holds nothing of the request. */
export function refused(httpStatus: number, message: string, headers: Reply['headers'] = {}): Reply {
  const text = message.replace(/[<>&]/g, ' ');
  return reply(
    httpStatus,
    xml,
    `<response><success>false</success><batchStatus></batchStatus><message>${text}</message></response>`,
    headers,
  );
}

export interface BatchCounts {
  readonly batchSize: number;
  readonly consumedCount: number;
  readonly successfulUpdates: number;
  readonly failedUpdates: number;
}

export type BatchState = 'incomplete' | 'complete' | 'stuck';

export function batchStatus(id: string, state: BatchState, counts: BatchCounts, showDetails: boolean): Reply {
  const { batchSize, consumedCount, successfulUpdates, failedUpdates } = counts;
  const details = showDetails
    ? `<consumedCount>${consumedCount}</consumedCount><successfulUpdates>${successfulUpdates}</successfulUpdates><profilesNotFound>0</profilesNotFound><failedUpdates>${failedUpdates}</failedUpdates>`
    : '';
  return reply(
    200,
    xml,
    `<response><batchId>${id}</batchId><status>${state}</status><batchSize>${batchSize}</batchSize>${details}</response>`,
  );
}

export function plain(httpStatus: number, text: string): Reply {
  return reply(httpStatus, 'text/plain; charset=utf-8', `${text}\n`);
}

export function metricsPage(text: string): Reply {
  return reply(200, 'text/plain; version=0.0.4; charset=utf-8', text);
}
