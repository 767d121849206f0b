import type { ErrorCode } from './codes.js';
import { type ExitStatus, exitStatus } from './exit-status.js';

/**
 * An error that a user can act on. `message` says what was expected, what was found, where, and what to do; it
 * holds no token, no id and no attribute value. `code` is stable and in kebab case (`file-quote-open`).
 * Everything else that is thrown is an internal error (status 70).
 */
export class ProfileDripError extends Error {
  /** Stable, in kebab case: `profile-drip help errors` lists them. */
  readonly code: ErrorCode;
  /** With which the program would end. */
  readonly exitStatus: ExitStatus;

  constructor(code: ErrorCode, message: string, status: ExitStatus, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.exitStatus = status;
  }
}

/** The command line, the environment, the config file, or what a library call was given. Status 2. */
export class UsageError extends ProfileDripError {
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(code, message, exitStatus.usage, options);
  }
}

/** An option of the command line: its name, and its value (`null` for a flag). */
export interface NamedOption {
  readonly name: string;
  readonly value: string | null;
}

/** What cannot be read in FILE, and the line (from 1) where it is; `null` where no line can be named. Status 2. */
export class FileError extends ProfileDripError {
  /** From 1; `null`: no line can be named. */
  readonly lineNumber: number | null;
  /** Options with which the file can be read, where that is sure enough. */
  readonly addOptions: readonly NamedOption[];

  constructor(
    code: ErrorCode,
    message: string,
    lineNumber: number | null,
    { addOptions = [], ...options }: { cause?: unknown; addOptions?: readonly NamedOption[] } = {},
  ) {
    super(code, message, exitStatus.usage, options);
    this.lineNumber = lineNumber;
    this.addOptions = addOptions;
  }
}

/** An error of this machine: disk, state directory, ledger. Status 6. */
export class MachineError extends ProfileDripError {
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(code, message, exitStatus.machine, options);
  }
}

/** The `code` of a system error (`ENOENT`, `ECONNREFUSED`), or `null`. */
export function systemCode(error: unknown): string | null {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return null;
}
