#!/usr/bin/env node
import { unsupportedNode } from './platform/supported-node.js';

/** The program's door: it opens only where Node.js can run what is behind it (supported-node.ts says how this file is written). */

// exit-status.ts is not loaded yet
const machineStatus = 6;
const internalStatus = 70;
const problem = unsupportedNode(process.versions.node, process.execPath);
if (problem === null) {
  import('./commands/program.js').catch((error) => {
    // Parts of the program could not be read: nothing has started.
    const isOutOfHandles = error instanceof Error && 'code' in error && error.code === 'EMFILE';
    process.stderr.write(
      isOutOfHandles
        ? 'profile-drip: too many open files (EMFILE). Raise the limit: ulimit -n 1024\n'
        : `profile-drip: cannot be loaded: ${error instanceof Error ? error.stack : error}\n`,
    );
    process.exit(isOutOfHandles ? machineStatus : internalStatus);
  });
} else {
  process.stderr.write(problem);
  process.exitCode = internalStatus;
}
