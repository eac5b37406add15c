import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createRequire} from 'node:module';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

const {default: workerdPath} = createRequire(import.meta.url)('workerd') as {default: string};
const CONFIG = path.join(import.meta.dirname, '../workers/workerd.capnp');
const READY_TIMEOUT_MS = 15_000;

/** The small Workers of bench/workers on `workerd serve`: socket name → port. */
export async function startWorkers(
  ports: Readonly<Record<string, number>>,
): Promise<{stop(): Promise<void>}> {
  const sockets = Object.entries(ports).map(
    ([name, port]) => `--socket-addr=${name}=127.0.0.1:${port}`,
  );
  const child = spawn(workerdPath, ['serve', CONFIG, ...sockets], {stdio: 'inherit'});
  const stop = async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  const [port] = Object.values(ports);
  const endMs = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const isUp = await fetch(`http://127.0.0.1:${port}/`, {method: 'POST', body: '[]'}).then(
      ({ok}) => ok,
      () => false,
    );
    if (isUp) return {stop};
    if (Date.now() > endMs || child.exitCode !== null) {
      await stop();
      throw new Error('the small Workers did not start');
    }
    await sleep(20);
  }
}
