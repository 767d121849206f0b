import { verdictMeanings, verdicts } from '../../verify/terms.js';
import { verdictCount } from '../figures/verified.js';
import type { PageContent } from './content.js';
import { count, counted, share } from './format.js';
import { type Html, html } from './html.js';
import { number, section, table } from './pieces.js';

/** What Target was seen to hold; nothing if `verify` did not run. */
export function verifiedSection({ verified }: PageContent): Html | null {
  if (verified === null) return null;
  const { counts, file, notFound } = verified;
  const all = verdictCount(counts);
  const rows = verdicts
    .filter((verdict) => counts[verdict] > 0)
    .map(
      (verdict) =>
        html`<tr><th scope="row">${verdict}</th>${number(count(counts[verdict]))}${number(share(counts[verdict], all))}<td>${verdictMeanings[verdict]}</td></tr>`,
    );
  const lost =
    notFound === null ? null : html` Rows of visitors that were not found stand in <code>${notFound}</code>.`;
  return section(
    'verified',
    'Did it arrive',
    html`<p>${counted(all, 'visitor')} read back from Target. Each has its verdict in <code>${file}</code>.${lost}</p>`,
    table('Visitors by verdict', ['Verdict', 'Visitors', 'Share', 'Meaning'], rows),
  );
}
