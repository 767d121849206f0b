import type { RowCounts } from '../job/terms/summary.js';
import { rowStatuses } from '../terms/outcome.js';

/** Metrics as Prometheus text (exposition format 0.0.4). No file names as labels: each would be a series for ever. Pure. */

export interface Metrics {
  readonly clientCode: string;
  /** Of the jobs of this call, over all their runs. */
  readonly rows: Readonly<Omit<RowCounts, 'total' | 'coalesced'>>;
  readonly attempts: number;
  /** `null`: not known yet. */
  readonly cap: { readonly used: number; readonly left: number } | null;
  /** When a job last ended with 0; `null`: never. */
  readonly lastSuccessMs: number | null;
  /** Of the call; while it is at work of the one before. Of a call that stays: of its last file. `null`: there was no earlier call. */
  readonly exitStatus: number | null;
  readonly durationMs: number;
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** `all`: one for each client code. */
export function metricsText(all: readonly Metrics[]): string {
  const one = (figure: (metrics: Metrics) => number | null): Sample[] =>
    all.flatMap((metrics): Sample[] => {
      const value = figure(metrics);
      return value === null ? [] : [[{ client_code: metrics.clientCode }, value]];
    });
  const ofStatuses = all.flatMap(({ clientCode, rows }) =>
    [...rowStatuses, 'superseded' as const].map(
      (status): Sample => [{ client_code: clientCode, status }, rows[status]],
    ),
  );
  const lastSuccess = ({ lastSuccessMs }: Metrics) =>
    lastSuccessMs === null ? null : Math.floor(lastSuccessMs / 1000);
  return [
    family('rows_total', 'counter', 'Rows that have ended, of the jobs of the last call.', ofStatuses),
    family(
      'attempts_total',
      'counter',
      'Requests that were sent, of the jobs of the last call.',
      one(({ attempts }) => attempts),
    ),
    family(
      'cap_used',
      'gauge',
      'Updates used in the last 24 hours.',
      one(({ cap }) => cap?.used ?? null),
    ),
    family(
      'cap_left',
      'gauge',
      'Updates left of the cap.',
      one(({ cap }) => cap?.left ?? null),
    ),
    family('last_success_timestamp_seconds', 'gauge', 'When a job last ended with status 0.', one(lastSuccess)),
    family(
      'exit_status',
      'gauge',
      'Exit status of the last call that has ended; of a call that stays, of the last file.',
      one(({ exitStatus }) => exitStatus),
    ),
    family(
      'run_duration_seconds',
      'gauge',
      'How long the last call took so far.',
      one(({ durationMs }) => durationMs / 1000),
    ),
  ].join('');
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const full = `profile_drip_${name}`;
  const lines = samples.map(([labels, value]) => `${full}{${labelText(labels)}} ${value}\n`);
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** What an earlier call left, of this client code: its last success and its exit status. */
export function carriedOver(text: string, clientCode: string): Pick<Metrics, 'lastSuccessMs' | 'exitStatus'> {
  const label = `{client_code="${escaped(clientCode)}"} `;
  const carried = (name: string): number | null => {
    const start = `profile_drip_${name}${label}`;
    const line = text.split('\n').find((one) => one.startsWith(start));
    const value = line === undefined ? Number.NaN : Number(line.slice(start.length));
    return Number.isSafeInteger(value) && value >= 0 ? value : null;
  };
  const seconds = carried('last_success_timestamp_seconds');
  return { lastSuccessMs: seconds === null ? null : seconds * 1000, exitStatus: carried('exit_status') };
}
