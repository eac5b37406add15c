import {randomInt} from 'node:crypto';
import {createServer} from 'node:net';

/** Linux gives ports from 32768 up to outgoing connections (`ip_local_port_range`). */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;
const MAX_TRIES = 100;

/**
 * For a server that goes away and comes back. A port the system chose could meanwhile become the near end of a connection,
 * even of one that tries to reach that very server and then talks to itself.
 */
export async function restingPort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new Error(`no free port between ${LOWEST_PORT} and ${HIGHEST_PORT}`);
}
