import { shownDefault } from '../../settings/command-line.js';
import { type AnySetting, environmentName, groups } from '../../settings/kinds/setting.js';
import { sandboxTable } from '../../settings/sandbox.js';
import { settingsTable } from '../../settings/table.js';

/** The manual's page of options, as Markdown: made from the table of settings, so that it cannot say anything else. */
export function optionsPage(): string {
  const settings = Object.values<AnySetting>(settingsTable);
  const sections = Object.entries(groups).flatMap(([group, title]) => {
    const own = settings.filter((setting) => setting.group === group);
    return own.length === 0 ? [] : [`## ${title.replace(/:$/, '')}`, table(own)];
  });
  const own = Object.values<AnySetting>(sandboxTable);
  return `${[introduction, ...sections, '## `profile-drip sandbox`', table(own)].join('\n\n')}\n`;
}

const introduction = `# Options

Every option of \`send\`, \`check\`, \`status\`, \`report\`, \`drop\`, \`serve\`, \`verify\` and \`state\`. \`profile-drip VERB --help\` shows those of one verb.
Each is also read from two other places. In rising order of strength:

1. the JSON file that \`--config\` names, keys as the options are named: \`{ "client-code": "acme", "rate": 50 }\`
2. the environment: \`${environmentName('rate')}=50\`; flags are \`true\` or \`false\`
3. the command line: \`--rate 50\`; flags are \`--json\` or \`--no-json\`

\`--print-config\` says which value applies and where it comes from.

- **†**: on the command line alone. A forgotten one in a file or in the environment would strike every night.
- An empty value is an error.
- No option takes the profile token itself, because it would show in the list of processes. Use \`--token-file\`, or \`${environmentName('token')}\`
  in the environment. Both at once is an error, and so is a token in the config file.
- An option that a verb does not have is passed over in the config file and in the environment, so that one file can serve all verbs.
- \`${environmentName('port')}_…\`, \`${environmentName('service')}_…\` and a \`${environmentName('port')}\` that begins with \`tcp://\` are passed over, because Kubernetes
  sets them by itself. Other unknown \`${environmentName('')}\` names get a warning.
- A proxy is taken from \`HTTPS_PROXY\` and \`NO_PROXY\`.`;

function table(settings: readonly AnySetting[]): string {
  const rows = settings.map((setting) => {
    const cells = [nameCell(setting), takesCell(setting), defaultCell(setting), meaningCell(setting)];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| Option | Takes | Default | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function nameCell({ name, alias, isCommandLineOnly }: AnySetting): string {
  const short = alias === undefined ? '' : `, \`-${alias}\``;
  return `\`--${name}\`${short}${isCommandLineOnly === true ? '†' : ''}`;
}

function takesCell({ kind }: AnySetting): string {
  if (kind.isFlag === true) return '';
  return kind.choices?.map((choice) => `\`${choice}\``).join(', ') ?? kind.expected;
}

function defaultCell(setting: AnySetting): string {
  const text = shownDefault(setting);
  return text === null ? '' : `\`${text}\``;
}

/** The verbs stand there where `send` is not one of them: most options are of sending at large. */
function meaningCell({ help, verbs }: AnySetting): string {
  const isUsual = verbs.includes('send') || verbs.includes('sandbox');
  const text = help.replace(/[^\s;,]*<\w+>[^\s;,]*/g, (name) => `\`${name}\``); // else a page takes it for a tag
  return isUsual ? text : `${verbs.map((verb) => `\`${verb}\``).join(', ')}: ${text}`;
}
