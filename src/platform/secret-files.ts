import { readFile, stat } from 'node:fs/promises';

/** Files with a secret in them, as they are read at the start of a call. */
export const secretFiles = {
  readText: (path: string): Promise<string> => readFile(path, 'utf8'),
  async stat(
    path: string,
  ): Promise<{ readonly mode: number; readonly isRegularFile: boolean; readonly mayOthersWrite: boolean }> {
    const found = await stat(path);
    return { mode: found.mode & 0o777, isRegularFile: found.isFile(), mayOthersWrite: mayOthersWrite(found) };
  },
};

function mayOthersWrite({ mode, uid }: { readonly mode: number; readonly uid: number }): boolean {
  const userId = process.geteuid?.();
  if (userId === undefined) return false; // a system without such owners
  return (mode & 0o022) !== 0 || (uid !== userId && uid !== 0);
}
