import { MachineError, systemCode } from '../../terms/errors.js';

/** @throws MachineError where the folder that the program was started in was removed: no relative path means anything there. */
export function requireWorkingFolder(): void {
  try {
    process.cwd();
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    const message =
      'expected the working directory to be there; it was removed. Change to one that is there (cd "$HOME"), then run the same command again';
    throw new MachineError('working-folder-gone', message, { cause });
  }
}
