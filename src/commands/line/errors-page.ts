import { errorCodes, noticeCodes } from '../../terms/codes.js';
import { invalidCodes, quietCodes, tryCodes } from '../../terms/outcome.js';

/** The manual's page of exit statuses and codes, as Markdown: made from the lists from which the program takes them. */
export function errorsPage(): string {
  const errors = Object.entries(errorCodes).map(([code, { status, means, advice }]) => [
    `\`${code}\``,
    status,
    means,
    advice,
  ]);
  const sections = [
    introduction,
    '## Reasons',
    'In the `reason` column of the results, as `code` or `code: text`, and in `check`.',
    '### Rows that cannot be sent (`invalid`)',
    table(['Reason', 'Means'], codeRows(invalidCodes)),
    '### Answers and attempts (`refused`, `failed`)',
    `${stopReasons.map((code) => `\`${code}\``).join(', ')} are reasons of an attempt that stops the run, as a rule. No row ends with them then.`,
    table(['Reason', 'Means'], codeRows(tryCodes)),
    '### Rows that cost nothing (`skipped`, `unchanged`)',
    table(['Reason', 'Means'], codeRows(quietCodes)),
    '## Errors',
    'In `--json` as `error.code`, and in the library as `code` of the error. The message says more than this table: where, what was found, and the line to paste.',
    table(['Code', 'Status', 'Means', 'What to do'], errors),
    '## Notices',
    'In the log, as `event=notice code=…`. They end nothing.',
    table(['Code', 'Means'], codeRows(noticeCodes)),
  ];
  return `${sections.join('\n\n')}\n`;
}

const stopReasons: readonly (keyof typeof tryCodes)[] = ['dns', 'certificate', 'unauthorized', 'redirect'];

const introduction = `# Errors

## Exit statuses

| Status | Means | What to do |
| --- | --- | --- |
| 0 | every row is submitted, skipped or unchanged, or within \`--tolerate\` | nothing |
| 1 | the file is done, but some rows are invalid, refused or failed | correct the rejects, and send them |
| 2 | the command line or the file | read the message: it names the place. Correct it, then the same command |
| 3 | stopped: the endpoint, the network or the token | check what the message names, then the same command |
| 4 | stopped: the cap is used up, or (with \`--on-cap stop\`) the server asks for a wait of over a minute | the same command, later |
| 5 | stopped: \`--max-failures\` | look at the results, then the same command |
| 6 | stopped: this machine (disk, state, ledger) | correct it, then the same command |
| 7 | stopped: \`--max-duration\` | the same command |
| 70 | an internal error: this is a bug in profile-drip | report it |
| 75 | another run has the job | nothing: that run is at work |
| 129, 130, 143 | SIGHUP, SIGINT, SIGTERM | the same command |

After 3 to 7, 75 and signals the same command resumes, and the last line on standard error says so. With several files a stop ends the whole call. 1 and 2
let the next file have its turn. The status is then the worst, in this order: a signal's, 70, 6, 3, 2, 5, 4, 7, 75, 1, 0.`;

function codeRows(codes: Readonly<Record<string, string>>): string[][] {
  return Object.entries(codes).map(([code, means]) => [`\`${code}\``, means]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
