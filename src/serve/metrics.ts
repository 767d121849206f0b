import type { QueueCounts } from './client-queue.js';

/** Prometheus text of what the queues have done since the gateway started. Pure. */
export function metricsText(queues: readonly { readonly clientCode: string; readonly counts: QueueCounts }[]): string {
  const lines: string[] = [];
  const family = (name: string, type: 'counter' | 'gauge', help: string, samples: readonly string[]) => {
    if (samples.length === 0) return;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((sample) => name + sample));
  };
  const each = (samplesOf: (code: string, counts: QueueCounts) => string[]) =>
    queues.flatMap(({ clientCode, counts }) => samplesOf(clientCode, counts));
  family(
    'profile_drip_batches_accepted_total',
    'counter',
    'Batches that were put on disk.',
    each((code, { accepted }) => [`{client_code="${code}"} ${accepted}`]),
  );
  family(
    'profile_drip_batches_ended_total',
    'counter',
    'Batches that ended, by what batchStatus says.',
    each((code, { ended }) =>
      (['complete', 'stuck'] as const).map((state) => `{client_code="${code}",status="${state}"} ${ended[state]}`),
    ),
  );
  family(
    'profile_drip_batches_waiting',
    'gauge',
    'Batches that were accepted and have not ended.',
    each((code, { waiting }) => [`{client_code="${code}"} ${waiting}`]),
  );
  family(
    'profile_drip_rows_total',
    'counter',
    'Rows of batches that ended, by status.',
    each((code, { rows }) => [...rows].map(([status, count]) => `{client_code="${code}",status="${status}"} ${count}`)),
  );
  family(
    'profile_drip_cap_used',
    'gauge',
    'Units of the cap used in the last 24 hours, as of the last batch.',
    each((code, { cap }) => (cap === null ? [] : [`{client_code="${code}"} ${cap.used}`])),
  );
  family(
    'profile_drip_cap_left',
    'gauge',
    'Units of the cap left, as of the last batch.',
    each((code, { cap }) => (cap === null ? [] : [`{client_code="${code}"} ${cap.left}`])),
  );
  return `${lines.join('\n')}\n`;
}
