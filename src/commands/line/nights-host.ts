import type { NightsHost } from '../../nights/nights.js';
import { logLine } from '../../terminal/progress/log-line.js';
import { noticeText } from '../../terminal/progress/reporter.js';
import { harmless } from '../../text/harmless.js';
import type { Host } from './call.js';

/** Where what surrounds the jobs is told: on standard error, as everything else is. */
export function nightsHost({ stderr, output, clock, surroundings }: Host): NightsHost {
  const isJson = () => output.options.logFormat === 'json';
  return {
    clock,
    environment: surroundings.environment,
    warn(code, message, isUrgent) {
      const text = isJson()
        ? logLine('json', clock.wallMs(), 'warning', 'notice', { code, message })
        : `${noticeText(stderr, 'warning', message)}\n`;
      if (isUrgent) output.urgent(text);
      else stderr.write(text);
    },
    sayOutput(text) {
      if (isJson()) {
        stderr.write(logLine('json', clock.wallMs(), 'info', 'on-end', { output: text.trimEnd() }));
        return;
      }
      for (const line of text.trimEnd().split('\n')) stderr.write(`--on-end: ${harmless(line, 500)}\n`);
    },
  };
}
