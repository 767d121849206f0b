import type { Reply } from '../../platform/ports.js';
import type { ErrorCode } from '../../terms/codes.js';
import { MachineError } from '../../terms/errors.js';

/** What this machine lacks for a connection: it says nothing of the endpoint or of the row. */
const faults: ReadonlyMap<string, { readonly code: ErrorCode; readonly message: string }> = new Map([
  ['EMFILE', { code: 'too-many-files', message: 'too many open files: raise `ulimit -n` or lower --concurrency' }],
  [
    'ENFILE',
    {
      code: 'too-many-files',
      message: 'too many open files on this machine: raise fs.file-max or lower --concurrency',
    },
  ],
  ['ENOMEM', { code: 'no-memory', message: 'no memory left: lower --concurrency, or give this machine more' }],
  ['ENOBUFS', { code: 'no-memory', message: 'no memory left for sockets: lower --concurrency' }],
  ['ENOSPC', { code: 'no-space', message: 'no space left on this machine: free some space' }],
]);

/** The error that stops the run where a connection could not be made for want of files, memory or space; else `null`. */
export function machineFault(reply: Reply): MachineError | null {
  const fault = reply.kind === 'broken' ? faults.get(reply.errorCode) : undefined;
  if (fault === undefined || reply.kind !== 'broken') return null;
  const message = `cannot connect: ${fault.message} (${reply.errorCode}). Then run the same command again.`;
  return new MachineError(fault.code, message);
}
