import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {ForebayError} from '../../src/lib/errors.ts';
import {ensureClassArchive} from './ensure-class-archive.ts';

const MIN_JAVA_MAJOR = 17;
const KEPT_OUTPUT_LINES = 20;
const STAMP_FILE = '.pom-sha256';

/**
 * Makes sure that Apache Kafka's jars are in `libs/` next to this file, from Maven's repository, and their classes ready
 * to be used, and returns that directory. They are fetched again when `pom.xml` changed; the pom's hash is kept beside them.
 *
 * Throws `JAVA_MISSING`, `MAVEN_MISSING` or `KAFKA_JARS_FAILED`.
 */
export async function ensureJars(onLine: (line: string) => void = () => {}): Promise<string> {
  const pomDir = import.meta.dirname;
  const libsDir = join(pomDir, 'libs');
  const stampPath = join(libsDir, STAMP_FILE);
  const stamp = createHash('sha256')
    .update(await readFile(join(pomDir, 'pom.xml')))
    .digest('hex');
  await requireJava();
  const isCurrent = existsSync(stampPath) && (await readFile(stampPath, 'utf8')) === stamp;
  if (!isCurrent) await fetchJars({pomDir, libsDir, stamp, onLine});
  await ensureClassArchive(libsDir, onLine);
  return libsDir;
}

interface FetchOptions {
  readonly pomDir: string;
  readonly libsDir: string;
  /** Kept beside the jars. */
  readonly stamp: string;
  readonly onLine: (line: string) => void;
}

async function fetchJars({pomDir, libsDir, stamp, onLine}: FetchOptions): Promise<void> {
  onLine('fetching Apache Kafka through Maven (about 55 MB, once)');
  // Beside the old ones and then in their place: jars of two versions on one class path would mix.
  const newDir = `libs-${process.pid}`;
  const command = ['-B', 'dependency:copy-dependencies', `-DoutputDirectory=${newDir}`];
  const onMavenLine = (line: string): void => {
    const file = DOWNLOAD.exec(line)?.[1];
    if (file !== undefined) onLine(`  ${file}`);
  };
  const result = await run('mvn', command, {cwd: pomDir, onLine: onMavenLine});
  if (result === 'missing') {
    throw new ForebayError({
      code: 'MAVEN_MISSING',
      message: 'Apache Kafka is fetched through Maven, and there is no mvn command here',
      hint: 'install Maven 3, or set KAFKA_BROKERS to a cluster that is running',
    });
  }
  if (result.exitCode !== 0) {
    await rm(join(pomDir, newDir), {recursive: true, force: true});
    throw new ForebayError({
      code: 'KAFKA_JARS_FAILED',
      message: `mvn ended with ${result.exitCode}: ${result.lastLines.join(' | ')}`,
      hint: 'check the network and Maven’s settings, then start again',
      isRetryable: true,
    });
  }
  await writeFile(join(pomDir, newDir, STAMP_FILE), stamp);
  await rm(libsDir, {recursive: true, force: true});
  await rename(join(pomDir, newDir), libsDir);
}

/** Of all Maven says, the one thing that shows it is getting on. */
const DOWNLOAD = /Downloaded from \S+: \S*\/(\S+\.jar \(.*\))/;

async function requireJava(): Promise<void> {
  const result = await run('java', ['-version'], {cwd: import.meta.dirname, onLine: () => {}});
  // `openjdk version "17.0.15" 2025-04-15`
  const major =
    result === 'missing' ? undefined : /version "(\d+)/.exec(result.lastLines.join('\n'))?.[1];
  if (major !== undefined && Number(major) >= MIN_JAVA_MAJOR) return;
  throw new ForebayError({
    code: 'JAVA_MISSING',
    message:
      major === undefined
        ? 'Apache Kafka needs Java, and there is no java command here'
        : `Apache Kafka needs Java ${MIN_JAVA_MAJOR} or newer; this is Java ${major}`,
    hint: `install Java ${MIN_JAVA_MAJOR} or newer, or set KAFKA_BROKERS to a cluster that is running`,
  });
}

interface RunOptions {
  readonly cwd: string;
  readonly onLine: (line: string) => void;
}

type RunResult = 'missing' | {readonly exitCode: number; readonly lastLines: readonly string[]};

/** Runs a command to its end; its output goes to `onLine`, line by line. */
function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe']});
    const lastLines: string[] = [];
    const onText = (text: string): void => {
      for (const line of text.split('\n').filter((part) => part.trim() !== '')) {
        if (lastLines.push(line) > KEPT_OUTPUT_LINES) lastLines.shift();
        options.onLine(line);
      }
    };
    child.stdout.setEncoding('utf8').on('data', onText);
    child.stderr.setEncoding('utf8').on('data', onText);
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve('missing');
      else reject(error);
    });
    child.on('close', (exitCode) => resolve({exitCode: exitCode ?? -1, lastLines}));
  });
}
