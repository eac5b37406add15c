import {residentBytes} from '../../dev/resident-bytes.ts';
import type {BenchStack} from './bench-stack.ts';

const SAMPLE_MS = 250;
const BYTES_PER_MIB = 1_048_576;

/** Samples the resident memory of every part; a part may have another process from one sample to the next. */
export class MemoryPeaks {
  readonly #peaks = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(bench: BenchStack) {
    const {gateway, drain, processor} = bench.stack.parts;
    this.#timer = setInterval(() => {
      this.#sample('gateway', gateway.pid());
      this.#sample('drain', drain.pid());
      this.#sample('processor', processor.pid());
      this.#sample('kafka', bench.brokerPid());
    }, SAMPLE_MS);
  }

  /** Mebibytes. */
  get peaks(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#peaks);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(part: string, pid: number | undefined): void {
    const bytes = pid === undefined ? undefined : residentBytes(pid);
    if (bytes === undefined) return;
    this.#peaks.set(part, Math.max(this.#peaks.get(part) ?? 0, Math.round(bytes / BYTES_PER_MIB)));
  }
}
