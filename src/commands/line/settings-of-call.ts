import type { Verb } from '../../settings/kinds/setting.js';
import { printedLines, printedSettings } from '../../settings/print.js';
import { readSettings, type SettingsFound } from '../../settings/read.js';
import type { Call } from './call.js';

/** The settings of a call, from all places; what they hold that is secret is noted. */
export async function settingsOf(call: Call, verb: Verb): Promise<SettingsFound> {
  const { host, nights, options, secrets } = call;
  const { surroundings, files } = host;
  const found = await readSettings({ verb, commandLine: options, surroundings, files });
  for (const secret of found.secrets) secrets.add(secret);
  const { quiet, printConfig: isPrinting, watch, json: isJson, logFormat } = found.settings;
  const stays = watch || verb === 'serve';
  host.output.set({ quiet: quiet && !isPrinting ? (stays ? 'warnings' : 'withhold') : null, isJson, logFormat });
  const { onEnd, dryRun } = found.settings;
  nights.tells(isPrinting || dryRun ? null : onEnd);
  return found;
}

/** `--print-config`: each setting and where it came from; with `--json` as one object. */
export function printConfig({ host }: Call, found: SettingsFound, verb: Verb): void {
  const printed = printedSettings(found, verb);
  const text = found.settings.json
    ? JSON.stringify({ schema: 1, settings: printed })
    : printedLines(printed).join('\n');
  host.stdout.write(`${text}\n`);
}
