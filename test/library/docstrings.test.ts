import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** What an editor shows: read from the declarations that the package has (`npm run build` makes them). */

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

interface Declaration {
  readonly name: string;
  readonly hasDocstring: boolean;
  readonly members: readonly { readonly name: string; readonly hasDocstring: boolean }[];
}

/** Where a file says `export { name } from`. */
function originOf(name: string, path: string, text: string): string | null {
  const found = new RegExp(`\\{[^}]*\\b${name}\\b[^}]*\\} from '([^']+)'`).exec(text);
  return found === null ? null : join(dirname(path), (found[1] ?? '').replace(/\.js$/, '.d.ts'));
}

function declarationOf(name: string, path: string): Declaration {
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  const at = lines.findIndex((line) =>
    new RegExp(`^export (declare )?(interface|type|const|class|function) ${name}\\b`).test(line),
  );
  if (at < 0) {
    const origin = originOf(name, path, text);
    if (origin === null) throw new Error(`${name} is declared neither in ${path} nor behind it`);
    return declarationOf(name, origin);
  }
  const isDocumented = (index: number) => (lines[index - 1] ?? '').trimEnd().endsWith('*/');
  const length = lines.slice(at).findIndex((line) => /^[^\s].*;$|^}/.test(line));
  // The texts of a constant say what they are.
  const body = lines[at]?.includes(' const ') ? [] : lines.slice(at + 1, at + length);
  const members = body.flatMap((line, index) => {
    const [, member] = /^ {4}(?:readonly )?(\w+)\??[:(]/.exec(line) ?? [];
    return member === undefined || member === 'constructor'
      ? []
      : [{ name: member, hasDocstring: isDocumented(at + 1 + index) }];
  });
  return { name, hasDocstring: isDocumented(at), members };
}

const index = readFileSync(join(dist, 'index.d.ts'), 'utf8');
const declarations = [...index.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gm)].flatMap(
  ([, names = '', from = '']) =>
    names
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== '')
      .map((name) => declarationOf(name, join(dist, from.replace(/\.js$/, '.d.ts')))),
);
/** Their names say it all, or the type beside them does. */
const plainNames = new Set(
  'kind file snapshot message code level schema files text name value share rows visitors'.split(' '),
);
/** What has a unit or a meaning that a name cannot say. */
const wanting = declarations.flatMap(({ name, members }) =>
  members
    .filter((member) => !member.hasDocstring && !plainNames.has(member.name))
    .map((member) => `${name}.${member.name}`),
);

describe('the types of the library', () => {
  it('each have their docstring', () => {
    expect(declarations.length).toBeGreaterThan(55);
    expect(declarations.filter(({ hasDocstring }) => !hasDocstring).map(({ name }) => name)).toEqual([]);
  });

  it('have one at each member whose name does not say it all', () => {
    expect(wanting).toEqual([]);
  });
});

describe('the options of verifyBatch', () => {
  const text = readFileSync(join(dist, 'library/options.d.ts'), 'utf8');
  it.each([
    ['ratePerSecond', '0 to 100,000', '`20`'],
    ['concurrency', '1 to 1,024', '`8`'],
    ['tolerate', "`'1%'`", '`0`'],
    ['sample', "`'5%'`", '`1000`'],
    ['waitMs', '0 to 604,800,000', '`0`'],
  ])('%s says its range and its default', (name, range, byDefault) => {
    const docstring = new RegExp(`/\\*\\* ([^\\n]*) \\*/\\n +readonly ${name}\\?:`).exec(text)?.[1] ?? '';
    expect(docstring).toContain(range);
    expect(docstring).toContain(`Default: ${byDefault}`);
  });
});
