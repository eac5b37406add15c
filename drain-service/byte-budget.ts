/** Bytes that all shards of a process hold together. What finds no room is not kept: the gateway still has it. */
export class ByteBudget {
  readonly maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#usedBytes + bytes <= this.maxBytes;
  }

  /** A negative number gives back. */
  add(bytes: number): void {
    this.#usedBytes += bytes;
  }
}
