import type { ErrorCode } from '../../terms/codes.js';
import type { ExitStatus } from '../../terms/exit-status.js';

/** What kept a FILE from going through, among the FILEs of one call. */
export interface FileFault {
  readonly status: ExitStatus;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface CallError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Among several FILEs each fault names its own. */
export function fileFault(
  file: string,
  fileCount: number,
  status: ExitStatus,
  { code, message }: CallError,
): FileFault {
  const isNamed = fileCount === 1 || message.includes(file);
  return { status, code, message: isNamed ? message : `${file}: ${message}` };
}

/** The one error of the whole call, which ends with `status`: the worst fault's code, and all that was said. */
export function callError(faults: readonly FileFault[], status: ExitStatus): CallError | null {
  const worst = faults.find((fault) => fault.status === status) ?? faults[0];
  if (worst === undefined) return null;
  return { code: worst.code, message: faults.map(({ message }) => message).join('; ') };
}
