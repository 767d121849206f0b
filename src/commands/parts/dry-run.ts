import type { FirstRequest } from '../../check/check.js';
import { type ShownRequest, shownRequests } from '../../check/first-request.js';
import { requireEncrypted } from '../../endpoint/endpoint.js';
import { systemLookUp } from '../../endpoint/look-up.js';
import type { SendOptions } from '../../job/terms/options.js';
import type { SettingsFound } from '../../settings/read.js';
import { styled } from '../../terminal/screen.js';
import type { ExitStatus } from '../../terms/exit-status.js';
import { harmless } from '../../text/harmless.js';
import { grouped } from '../../text/numbers.js';
import type { Call } from '../line/call.js';
import { checkFiles, sayCheckError, sayChecked } from './check-files.js';

/** `send --dry-run`: what `check` does, then the first requests of each file as they would go out. Nothing is sent. */
export async function dryRun(call: Call, found: SettingsFound, options: SendOptions): Promise<ExitStatus> {
  const { settings } = found;
  if (!options.sandbox) await requireEncrypted(options, systemLookUp, call.host.clock);
  const first: FirstRequest[] = [];
  const result = await checkFiles(call, found, options, { onFirstRequest: (request) => first.push(request) });
  const requests = first.flatMap((request) =>
    shownRequests(request, {
      ...options,
      // A sandbox is started when something is sent to it, on a port that is free then; it gets no token.
      endpoint: options.sandbox ? 'http://127.0.0.1' : options.endpoint,
      hasToken: found.token !== null && !options.sandbox,
      showValues: settings.showValues,
      nowMs: call.host.clock.wallMs(),
    }),
  );
  const { stdout } = call.host;
  if (settings.json) stdout.write(`${JSON.stringify({ ...result, requests })}\n`);
  else {
    sayChecked(call, found, result);
    for (const request of requests) stdout.write(`\n${requestText(call, request)}`);
    stdout.write(
      `\nNothing was sent.${settings.showValues || requests.length === 0 ? '' : ' --show-values shows the ids and values too.'}\n`,
    );
  }
  sayCheckError(call, result);
  return result.exit_status;
}

/** As it goes over the wire, after a line that says which row it is. */
function requestText(
  { host: { stdout } }: Call,
  { file, row, line, method, url, headers, body }: ShownRequest,
): string {
  const place = `${harmless(file)}, row ${grouped(row)}, line ${grouped(line)}:`;
  const lines = [
    styled(stdout, 'bold', place),
    `  ${method} ${url}`,
    ...headers.map(([name, value]) => `  ${name}: ${value}`),
    ...(body === null ? [] : ['', `  ${body}`]),
  ];
  return `${lines.join('\n')}\n`;
}
