/** ~/.pgpass, as libpq reads it: `host:port:database:user:password` a line, `*` for any, `\` before `:` and `\`. Pure. */
export interface PassFileKey {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** The password of the first line that fits; `null`: there is none. */
export function passwordIn(content: string, { host, port, database, user }: PassFileKey): string | null {
  const wanted = [host.startsWith('/') ? 'localhost' : host, String(port), database, user];
  for (const line of content.split(/\r?\n/)) {
    if (line === '' || line.startsWith('#')) continue;
    const fields = fieldsOf(line);
    const [password] = fields.slice(4);
    if (password !== undefined && wanted.every((one, index) => fields[index] === '*' || fields[index] === one)) {
      return password;
    }
  }
  return null;
}

function fieldsOf(line: string): string[] {
  const fields = [''];
  for (const [, escaped, character = ''] of line.matchAll(/\\(.)|(.)/gs)) {
    if (escaped === undefined && character === ':' && fields.length < 5) fields.push('');
    else fields.push(`${fields.pop() ?? ''}${escaped ?? character}`);
  }
  return fields;
}
