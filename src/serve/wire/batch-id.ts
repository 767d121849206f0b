/** The names of batches: `<code>-<13 digits of time>-<20 random digits>`. Pure. */

/** A client code as it stands in a path: a label of a host name, and `_`. */
const clientCodeForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const idForm = /^(.+)-(\d{13})-(\d{20})$/;

export interface BatchId {
  /** In lower case: Target makes no difference. */
  readonly clientCode: string;
  readonly timeMs: number;
}

/** The folder and the queue of a client code; `null`: it is not one. */
export function clientCodeOf(text: string): string | null {
  return clientCodeForm.test(text) ? text.toLowerCase() : null;
}

export function makeBatchId(clientCode: string, timeMs: number, random: () => number): string {
  const digits = Array.from({ length: 20 }, () => Math.floor(random() * 10)).join('');
  return `${clientCode}-${String(timeMs).padStart(13, '0')}-${digits}`;
}

/** `null`: no batch can have this name, so it is never used as a path. */
export function readBatchId(text: string): BatchId | null {
  const [, code, time] = idForm.exec(text) ?? [];
  const clientCode = code === undefined ? null : clientCodeOf(code);
  return clientCode === null || code !== clientCode ? null : { clientCode, timeMs: Number(time) };
}

/** Later than every one before, whatever the clock says: the order of names is the order in which batches came. */
export function nextTimeMs(wallMs: number, lastTimeMs: number): number {
  return Math.max(Math.floor(wallMs), lastTimeMs + 1);
}

export const batchEnd = '.csv';
