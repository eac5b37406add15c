import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, relative} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {PartLog, type ShownLine} from '../../../dev/stack/part-log.ts';
import {claimPorts} from '../../../dev/stack/ports.ts';
import {programPart} from '../../../dev/stack/spawn-program.ts';
import {isAlive} from './stand-in.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const ANY_PORT = {gateway: 0, drain: 0, query: 0, console: 0, kafka: 0};
let directory: string;
const shown: ShownLine[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'forebay-program-'));
  shown.length = 0;
});
afterEach(() => rm(directory, {recursive: true}));

async function program(code: string, env: Record<string, string> = {}) {
  const main = join(directory, 'main.mjs');
  await writeFile(main, code);
  const {drain: port} = await claimPorts(ANY_PORT, ['drain']);
  const log = new PartLog({path: join(directory, 'part.log'), onShown: (line) => shown.push(line)});
  const plan = programPart({
    name: 'drain',
    main: relative(ROOT, main),
    url: `http://127.0.0.1:${port}`,
    env: {...process.env, ...env, PORT: String(port)},
    log,
  });
  const stopping = new AbortController();
  const pids: number[] = [];
  const started = plan.start({signal: stopping.signal, onPid: (pid) => pids.push(pid)});
  return {started, stopping, pids};
}

const SERVER = `
  import {createServer} from 'node:http';
  let asked = 0;
  createServer((request, response) => {
    response.statusCode = request.url === '/ready' && ++asked > 2 ? 200 : 503;
    response.end('{"ready":false,"reason":"restoring"}');
  }).listen(process.env.PORT, '127.0.0.1');
`;

test('a program is started when it says that it is ready, not before', async () => {
  const {started, pids} = await program(SERVER);
  const part = await started;
  expect(pids).toEqual([part.pid]);
  expect((await fetch(`${part.url}/ready`)).status).toBe(200);
  await part.stop();
  expect(isAlive(part.pid!)).toBe(false);
});

test('a program that ends before it is ready says why', async () => {
  const {started} = await program(
    `console.log('{"level":"error","message":"no key"}'); process.exit(2)`,
  );
  await expect(started).rejects.toMatchObject({code: 'PART_NOT_READY', isRetryable: false});
  await expect(started).rejects.toThrow(/ended with exit code 2 before it was ready[\s\S]*no key/);
  expect(shown).toEqual([{level: 'error', text: 'no key'}]);
});

test('a program that failed before it was ready may be tried again', async () => {
  const {started} = await program('process.exit(1)');
  await expect(started).rejects.toMatchObject({code: 'PART_NOT_READY', isRetryable: true});
});

test('a start that is given up ends its process', async () => {
  const {started, stopping, pids} = await program('setInterval(() => {}, 1000)');
  stopping.abort();
  await expect(started).rejects.toThrow();
  expect(pids.map(isAlive)).toEqual([false]);
});

test('what a program writes is kept in its log', async () => {
  const {started} = await program(`${SERVER} console.log('one'); console.error('two');`);
  const part = await started;
  await part.stop();
  const lines = (await readFile(join(directory, 'part.log'), 'utf8')).trim().split('\n');
  expect(lines.sort()).toEqual(['one', 'two']);
});
