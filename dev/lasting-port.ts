import {randomInt} from 'node:crypto';
import {createServer} from 'node:net';

/** Below the ports Linux gives to outgoing connections (`ip_local_port_range`: 32768 and up). */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;
const MAX_TRIES = 100;

/**
 * A port nobody listens on, for a server that goes away and comes back to it. A port the system chose could meanwhile
 * be given to an outgoing connection, even to one that tries to reach that very server, which then talks to itself.
 */
export async function lastingPort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${LOWEST_PORT} and ${HIGHEST_PORT}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
