import type { Server } from 'node:net';
import type { ErrorCode } from '../terms/codes.js';
import { systemCode, UsageError } from '../terms/errors.js';

/** Listens, and resolves to the port (`0`: one that is free). @throws UsageError `code` for a port that cannot be had. */
export async function listenOn(server: Server, port: number, host: string, code: ErrorCode): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const found = systemCode(error) ?? 'an error';
    const message = `--port: expected a port of ${host} that is free; ${port} cannot be listened on (${found}). Name another, or 0 for any that is free`;
    throw new UsageError(code, message, { cause: error });
  }
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : port;
}
