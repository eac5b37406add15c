import {existsSync} from 'node:fs';
import {mkdtemp, rename, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describeError} from '../../src/lib/errors.ts';
import {freePort} from '../free-port.ts';
import {endProcess} from '../stack/end-process.ts';
import {classArchivePath} from './jvm-arguments.ts';
import {startBroker} from './start-broker.ts';

const WRITE_DEADLINE_MS = 120_000;

/**
 * Makes sure that Kafka's classes lie beside its jars as Java keeps them in memory (an archive of application class-data
 * sharing, JEP 350): a broker starts with half the work then. It is made by a broker that is started once for it. Without
 * it, or with one of another Java, a broker only starts slower, so nothing that fails here is an error.
 */
export async function ensureClassArchive(
  libsDir: string,
  onLine: (line: string) => void,
): Promise<void> {
  const archivePath = classArchivePath(libsDir);
  if (existsSync(archivePath)) return;
  onLine('keeping the classes of Apache Kafka as Java loads them (50 MB, once)');
  const dataDir = await mkdtemp(join(tmpdir(), 'forebay-classes-'));
  const newPath = `${archivePath}.${process.pid}`;
  try {
    const jvmArguments = [`-XX:ArchiveClassesAtExit=${newPath}`];
    const port = await freePort();
    const {child} = await startBroker({dataDir, port, libsDir, jvmArguments});
    // The archive is written on the way out, which takes longer than a broker that only stops.
    await endProcess(child, WRITE_DEADLINE_MS);
    if (child.signalCode === 'SIGKILL') throw new Error(`not written in ${WRITE_DEADLINE_MS} ms`);
    await rename(newPath, archivePath);
  } catch (error) {
    onLine(`they could not be kept, so Kafka starts slower: ${describeError(error)}`);
  } finally {
    await rm(newPath, {force: true});
    await rm(dataDir, {recursive: true, force: true});
  }
}
