/**
 * First run: `node dev/setup.js start|test|check|bench|chaos|oracle [args]`.
 *
 * The only file that runs on whatever Node a machine has (20 or newer) with nothing installed. It installs what
 * package-lock.json says, then hands over to `dev/<command>.ts` on the project's own Node.
 *
 * Invariant: nothing this started outlives it. The command runs in a process group of its own, so that a Ctrl-C in the
 * terminal reaches only this process, which passes it on and lets the command stop its parts in order; when the command
 * has ended, however it ended, what is left of its group is ended too. The other way round, the command stops when the
 * channel to this process closes, so even SIGKILL of either of the two leaves nothing behind.
 */
import {spawn} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {constants} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';

const MIN_NODE_MAJOR = 20;
const COMMANDS = ['start', 'test', 'check', 'bench', 'chaos', 'oracle'];
const PLATFORMS = ['linux', 'darwin'];
const INSTALL_REPORT_MS = 5_000;
const GROUP_STOP_DEADLINE_MS = 3_000;
const POLL_MS = 50;
const PARENT_CHECK_MS = 1_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command = '', ...args] = process.argv.slice(2);
/** What is under way now: npm ci, then the command. */
let running;

const problem = findProblem();
if (problem !== undefined) {
  say(problem);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => running?.kill(signal));
}
stopWithParent();
if (!isInstalled()) {
  const installed = await install();
  if (installed !== 0) process.exit(installed);
}
process.exit(await runCommand());

/** What keeps the set-up from running here, in one sentence. */
function findProblem() {
  if (!COMMANDS.includes(command)) return `usage: node dev/setup.js ${COMMANDS.join('|')} [args]`;
  const major = Number(process.versions.node.split('.')[0]);
  if (major < MIN_NODE_MAJOR) {
    return `Forebay needs Node ${MIN_NODE_MAJOR} or newer to set itself up; this is Node ${process.versions.node}.`;
  }
  if (!PLATFORMS.includes(process.platform)) {
    return `Forebay runs locally on Linux and macOS; on ${process.platform} use WSL or a container.`;
  }
  return undefined;
}

/** Whether node_modules holds what package-lock.json says; npm writes its own lock file there last, when all is in place. */
function isInstalled() {
  const installedLock = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedLock) || !existsSync(projectNode())) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const present = packagesOf(installedLock);
  return Object.entries(wanted).every(([path, {version, integrity, optional}]) => {
    const found = present[path];
    // Optional packages of other platforms are left out by npm; the root itself is not listed.
    if (path === '' || (found === undefined && optional === true)) return true;
    return found?.version === version && found?.integrity === integrity;
  });
}

function packagesOf(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

async function install() {
  say('installing dependencies with npm ci (about 1.2 GB on disk, only when they change)');
  const started = Date.now();
  const report = setInterval(
    () => say(`  npm ci has been at it for ${Math.round((Date.now() - started) / 1000)} s`),
    INSTALL_REPORT_MS,
  );
  // npm replaces node_modules, so it must not itself run on the Node that is in there.
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => !directory.includes('node_modules'))
    .join(delimiter);
  // Its warnings are about this Node's age, and this Node does nothing but install the newer one.
  const exitCode = await start('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
    env: {...process.env, PATH: path},
  });
  clearInterval(report);
  if (exitCode === 'missing') {
    say('npm was not found; install it (it comes with Node) and start again.');
    return 1;
  }
  if (exitCode !== 0) say(`npm ci ended with ${exitCode}; check the network and start again.`);
  return exitCode;
}

async function runCommand() {
  const exitCode = await start(projectNode(), [join(root, 'dev', `${command}.ts`), ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
    env: {
      ...process.env,
      PATH: `${dirname(projectNode())}${delimiter}${process.env['PATH'] ?? ''}`,
    },
  });
  await endGroup(running?.pid);
  return exitCode === 'missing' ? 1 : exitCode;
}

/** Runs a program to its end: its exit code as a shell gives it, or `missing`. */
function start(file, argv, options) {
  return new Promise((resolve) => {
    running = spawn(file, argv, {cwd: root, ...options});
    running.on('error', () => resolve('missing'));
    running.on('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

/** Ends what is left of a process group: asks, waits, insists. */
async function endGroup(groupId) {
  if (groupId === undefined || !signalGroup(groupId, 'SIGTERM')) return;
  const deadline = Date.now() + GROUP_STOP_DEADLINE_MS;
  while (Date.now() < deadline) {
    await delay(POLL_MS);
    if (!signalGroup(groupId, 0)) return;
  }
  signalGroup(groupId, 'SIGKILL');
}

/** Whether anyone was there. */
function signalGroup(groupId, signal) {
  try {
    return process.kill(-groupId, signal);
  } catch {
    return false;
  }
}

/** npm may be killed without a chance to pass a signal on; this process, or the shell npm ran it in, then has another parent. */
function stopWithParent() {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parents = parentsNow();
  setInterval(() => {
    if (parentsNow() !== parents) running?.kill('SIGTERM');
  }, PARENT_CHECK_MS).unref();
}

function parentsNow() {
  const status = `/proc/${process.ppid}/stat`;
  // `pid (name) state ppid …`; the name may have anything in it. Only Linux has it.
  const grandparent = existsSync(status)
    ? readFileSync(status, 'utf8').replace(/^.*\) \S+ (\d+) .*$/s, '$1')
    : '';
  return `${process.ppid} ${grandparent}`;
}

function projectNode() {
  return join(root, 'node_modules', '.bin', 'node');
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
