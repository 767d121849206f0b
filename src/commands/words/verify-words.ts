import { columnLines } from '../../text/columns.js';
import { harmless } from '../../text/harmless.js';
import { grouped } from '../../text/numbers.js';
import { counted, duration } from '../../text/words.js';
import { type VerifiedFile, type VerifyResult, verdictMeanings, verdicts } from '../../verify/terms.js';

/** The result of verify, in words for a person. `ratePerSecond` 0: no limit. */
export function verifyText({ files }: Pick<VerifyResult, 'files'>, ratePerSecond: number): string {
  return files.map((file) => `${fileLines(file, ratePerSecond).join('\n')}\n`).join('\n');
}

function fileLines(file: VerifiedFile, ratePerSecond: number): string[] {
  const { asked, visitors, verdicts: counts, share_applied: share, files } = file;
  const rows = verdicts
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => [grouped(counts[verdict]), verdict, verdictMeanings[verdict]]);
  const lines = [
    `${harmless(file.file)}: asked about ${grouped(asked)} of ${counted(visitors, 'visitor')}`,
    '',
    ...columnLines(rows, ['right', 'left', 'left']).map((line) => `  ${line}`),
    '',
  ];
  if (share !== null) {
    const shown = `${percent(share.value)}, with 95 % certainty ${percent(share.low)} to ${percent(share.high)}`;
    lines.push(`Of all visitors, an estimated ${shown} hold what was sent.`);
  }
  if (asked < visitors && ratePerSecond > 0) {
    lines.push(`All of them would take ${duration((visitors / ratePerSecond) * 1000)} (--sample all).`);
  }
  if (files.verify !== null) lines.push(`Verdicts:   ${harmless(files.verify, 4096)}`);
  if (files.not_found !== null) lines.push(`Not found:  ${harmless(files.not_found, 4096)}`);
  return lines;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
