import {readFile} from 'node:fs/promises';

const SAMPLE_MS = 250;

/** Samples the resident memory of processes; a part may have another process from one sample to the next. */
export class MemoryPeaks {
  readonly #peaks = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(pids: Readonly<Record<string, () => number | undefined>>) {
    this.#timer = setInterval(() => {
      for (const [part, pid] of Object.entries(pids)) void this.#sample(part, pid());
    }, SAMPLE_MS);
  }

  /** Mebibytes. */
  get peaks(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#peaks);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #sample(part: string, pid: number | undefined): Promise<void> {
    if (pid === undefined) return;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    this.#peaks.set(part, Math.max(this.#peaks.get(part) ?? 0, Math.round(kib / 1_024)));
  }
}
