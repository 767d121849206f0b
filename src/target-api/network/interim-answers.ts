import type { buildConnector } from 'undici';

type Socket = Extract<Parameters<buildConnector.Callback>, readonly [null, unknown]>[1];

/**
 * An unasked `100 Continue` (proxies and old gateways send it after any POST) is not the answer: that one follows.
 * undici takes it for a broken server and drops the connection, after the row was taken. So it is taken off here, before
 * undici reads.
 *
 * Invariant: nothing else is changed. Only what comes first after a request was written is looked at, as far as it can
 * be such an answer.
 */
export function withoutContinue(socket: Socket): Socket {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket);
  let isAtStart = true;
  let held: Buffer = none;
  return Object.assign(socket, {
    write(...args: Parameters<Socket['write']>): boolean {
      isAtStart = true;
      return write(...args);
    },
    read(size?: number): unknown {
      const chunk: unknown = read(size);
      if (!isAtStart || !Buffer.isBuffer(chunk)) return chunk;
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const rest = afterContinue(bytes);
      held = rest === null ? bytes : none;
      isAtStart = rest === null;
      return rest;
    },
  });
}

const none: Buffer = Buffer.alloc(0);
const starts = ['HTTP/1.1 100', 'HTTP/1.0 100'];
/** No such answer is longer; what is goes to undici as it is. */
const bytesMax = 8_192;

/** What follows the interim answers at the start of `bytes`; `null`: that is not known before more bytes come. */
function afterContinue(bytes: Buffer): Buffer | null {
  let rest = bytes;
  while (rest.length > 0) {
    const head = rest.toString('latin1', 0, 12);
    if (!starts.some((start) => start.startsWith(head))) return rest;
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return rest.length > bytesMax ? rest : null;
    rest = rest.subarray(end + 4);
  }
  return null;
}
