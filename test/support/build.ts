import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Before any test: tests that start the program never run against an earlier state of the source. */
export function setup(): void {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}
