import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts the loopback server. Its `url` is an origin; `reset` begins a new count and may say how it answers. */
export async function startServer() {
  const child = fork(fileURLToPath(new URL('../server.mjs', import.meta.url)), { execArgv: [] });
  const told = (what) =>
    new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the benchmark server has ended'));
      const onMessage = (message) => {
        if (message.told !== what) return;
        child.off('message', onMessage);
        child.off('exit', onExit);
        resolve(message);
      };
      child.on('message', onMessage);
      child.on('exit', onExit);
    });
  const ask = (what, options) => {
    const answer = told(what);
    child.send({ ask: what, options });
    return answer;
  };
  const { port } = await told('port');
  return {
    url: `http://127.0.0.1:${port}`,
    /** @param {{delayMs?: number, stallAfter?: number, stallMs?: number}} [options] */
    reset: (options) => ask('reset', options),
    look: async () => (await ask('look')).seen,
    /** Resolves to the time (Unix, ms) at which the first request since `reset` came. */
    firstRequest: async () => (await told('first')).atMs,
    close: () => child.disconnect(),
  };
}
