#!/usr/bin/env node
import { unsupportedNode } from './platform/supported-node.js';

/** The program's door: it opens only where Node.js can run what is behind it (supported-node.ts says how this file is written). */

const internalStatus = 70; // exit-status.ts is not loaded yet
const problem = unsupportedNode(process.versions.node, process.execPath);
if (problem === null) {
  import('./commands/program.js').catch((error) => {
    process.stderr.write(`profile-drip: cannot be loaded: ${error instanceof Error ? error.stack : error}\n`);
    process.exit(internalStatus);
  });
} else {
  process.stderr.write(problem);
  process.exitCode = internalStatus;
}
