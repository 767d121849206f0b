import { readFileSync } from 'node:fs';

/**
 * The manual: a topic is a Markdown file of `src/manual/`, which the build copies beside cli.js. It is read on a screen
 * (`profile-drip help TOPIC`) and on the web as it stands.
 */

/** Each topic with what it is about, in the order in which a newcomer reads them. */
export const topics = {
  options: 'every option with its default, and where settings come from',
  file: 'what a file may look like, and what makes a row invalid',
  results: "the job's files, the statuses of rows, resume",
  errors: 'every exit status, reason, error and notice code, and what to do',
  cap: 'the cap of updates in any rolling 24 hours, and how it is counted',
  coalesce: 'rows of one visitor as one update: fewer units of the cap',
  verify: 'did it arrive: reading visitors back from Target',
  delivery: 'more than the cap, or at once: the Delivery API as a second route',
  state: 'where the cap and the memory are kept: a folder, or PostgreSQL for many machines',
  'changed-only': 'send only what changed since the last night',
  drop: 'a folder into which files are dropped',
  report: 'the page on a job, and the page on a folder by day',
  serve: 'a gateway for jobs that speak to the Bulk API',
  nightly: 'cron, systemd, CI: runs that nobody watches',
  library: 'sendBatch, checkBatch and verifyBatch in your own program',
  sandbox: 'a local stand-in for Target',
  adobe: "facts about Adobe's API, what leaving the Bulk API changes, limits",
} as const;

export type Topic = keyof typeof topics;

export const topicNames: readonly Topic[] = Object.keys(topics).filter(isTopic);

export function isTopic(name: string): name is Topic {
  return Object.hasOwn(topics, name);
}

/** A topic's Markdown, from the built package. */
export function topicText(topic: Topic): string {
  return readFileSync(new URL(`../../manual/${topic}.md`, import.meta.url), 'utf8');
}
