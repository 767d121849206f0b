import { createServer, type RequestListener, type Server } from 'node:http';
import { atEndOfFile } from './clean-up.js';

export interface Listening {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** Cuts every connection and stops listening; twice is harmless. Called by itself when the test file is done. */
  close(): Promise<void>;
}

/** A real HTTP server on loopback, on a port that the system picks. */
export async function listen(handler: RequestListener): Promise<Listening> {
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port to listen on');
  const { port } = address;
  const close = async () => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  atEndOfFile(close);
  return { url: `http://127.0.0.1:${port}`, port, server, close };
}
