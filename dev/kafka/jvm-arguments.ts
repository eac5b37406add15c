import {existsSync} from 'node:fs';
import {join} from 'node:path';

export interface JvmOptions {
  readonly libsDir: string;
  readonly maxHeapMb?: number;
  /** Compiled for throughput, at the price of a slow start: for benches. */
  readonly isForLoad?: boolean;
}

const MAX_HEAP_MB = 512;
const MIN_HEAP_MB = 256;

/**
 * How Java runs a broker or one of Kafka's commands. A broker that lives for a minute would spend most of its work on
 * loading classes and on compiling well what it then hardly runs.
 */
export function jvmArguments(options: JvmOptions): readonly string[] {
  const {libsDir, maxHeapMb = MAX_HEAP_MB, isForLoad = false} = options;
  const heap = [`-Xms${Math.min(MIN_HEAP_MB, maxHeapMb)}m`, `-Xmx${maxHeapMb}m`];
  if (isForLoad) return [...heap, '-XX:+UseG1GC'];
  const archivePath = classArchivePath(libsDir);
  const archive = existsSync(archivePath) ? [`-XX:SharedArchiveFile=${archivePath}`] : [];
  return [...heap, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...archive];
}

/** Of ensure-class-archive.ts. Beside the jars, so that it goes when they do. */
export function classArchivePath(libsDir: string): string {
  return join(libsDir, 'classes.jsa');
}
