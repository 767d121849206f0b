import { spawnSync } from 'node:child_process';
import { didYouMean } from '../settings/did-you-mean.js';
import { UsageError } from '../terms/errors.js';
import { type ExitStatus, exitStatus } from '../terms/exit-status.js';
import { columnLines } from '../text/columns.js';
import { quoted } from '../text/harmless.js';
import type { Call, Host } from './line/call.js';
import { isTopic, topicNames, topics, topicText } from './line/manual.js';

/** `profile-drip help`: the list of topics, or one topic of the manual. */
export async function help({ files: [topic], host }: Call): Promise<ExitStatus> {
  if (topic === undefined) host.stdout.write(topicList());
  else if (isTopic(topic)) show(topicText(topic), host);
  else {
    const hint = didYouMean(topic, topicNames, (name) => name) || `. Topics: ${topicNames.join(', ')}`;
    throw new UsageError('topic-unknown', `the manual has no topic ${quoted(topic)}${hint}`);
  }
  return exitStatus.done;
}

function topicList(): string {
  const rows = topicNames.map((name) => [name, topics[name]]);
  const lines = columnLines(rows, ['left', 'left']).map((line) => `  ${line}\n`);
  return `The manual. profile-drip help TOPIC prints one of:\n\n${lines.join('')}\nprofile-drip VERB --help shows the options of a verb.\n`;
}

/** On a terminal through a pager, as man and git do: $PAGER, else less. Without a pager the text is printed. */
function show(text: string, { stdout, surroundings: { environment } }: Host): void {
  if (!stdout.isTerminal) {
    stdout.write(text);
    return;
  }
  const pager = environment.PAGER ?? 'less';
  const { status, error } = spawnSync(pager === '' ? 'cat' : pager, {
    input: text,
    shell: true, // $PAGER may hold options
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS: 'FRX', ...environment },
  });
  // 126, 127: the shell could not start it.
  if (error !== undefined || status === 126 || status === 127) stdout.write(text);
}
