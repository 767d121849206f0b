import { UsageError } from '../terms/errors.js';

/**
 * Which files the program believes and writes to. In a folder where others can create files, a file under a job's name
 * can be anybody's: a link that leads elsewhere, or text that somebody wrote so that this user's rights act on it.
 */

/** What the system says of a file that is open, or (`link`) of a name that a link has. */
export interface FileOwnership {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly linkCount: number;
  readonly ownerId: number;
  /** Permission bits (0o777 mask). */
  readonly mode: number;
}

/** Who asks. */
export interface FileUser {
  /** The effective user; `null` where the system has none (Windows): owners are not compared then. */
  readonly userId: number | null;
  /** Of the folder that the file is in. Asked only as root: in a folder of another user root works for that user. */
  readonly folderOwnerId: () => Promise<number>;
}

const root = 0;
const writableForEverybody = 0o002;

/** Why a file is not trusted; `found` and `todo` go into a message. `{path}` in `todo` stands for the quoted path. */
interface Distrust {
  readonly found: string;
  readonly todo: string;
}

const moveAway = 'If nobody put it there on purpose, move it away: mv -- {path} {path}.foreign';

/**
 * `null`: a regular file with one link, of this user or root (for root also of the folder's owner), that not everybody
 * can write to. `linksMax` 2: the file gets its name by linking, and for a moment it has both.
 */
export async function distrust(file: FileOwnership, user: FileUser, linksMax: 1 | 2): Promise<Distrust | null> {
  if (file.kind === 'link') return { found: 'a symbolic link', todo: moveAway };
  if (file.kind === 'folder') return { found: 'a folder', todo: moveAway };
  if (file.kind === 'other') return { found: 'a device, a pipe or a socket', todo: moveAway };
  if (file.linkCount > linksMax) return { found: `a file with ${file.linkCount} hard links`, todo: moveAway };
  if (!(await isOwnerTrusted(file.ownerId, user))) {
    return { found: `a file of another user (${file.ownerId})`, todo: moveAway };
  }
  if ((file.mode & writableForEverybody) !== 0) {
    const todo = 'If its content is yours, take the right away: chmod o-w -- {path}';
    return { found: 'a file that everybody can write to', todo };
  }
  return null;
}

/** The same for a folder that the program keeps files in: it is not reached by a link. */
export function distrustFolder(kind: FileOwnership['kind']): Distrust | null {
  if (kind === 'folder') return null;
  return { found: kind === 'link' ? 'a symbolic link' : 'something else', todo: moveAway };
}

async function isOwnerTrusted(ownerId: number, { userId, folderOwnerId }: FileUser): Promise<boolean> {
  if (userId === null || ownerId === userId || ownerId === root) return true;
  return userId === root && ownerId === (await folderOwnerId());
}

/** Status 2, because the same command ends like this until a person has looked. */
export function foreignFile(path: string, expected: string, { found, todo }: Distrust): UsageError {
  const line = todo.replaceAll('{path}', `'${path.replaceAll("'", "'\\''")}'`);
  return new UsageError(
    'job-file-foreign',
    `${path}: expected ${expected}, found ${found}. Nothing was read from it or written to it. ${line}`,
  );
}
