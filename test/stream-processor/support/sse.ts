/** A reader of server-sent events (WHATWG HTML, 9.2.6) that keeps what it read. */
export interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

export class EventReader {
  readonly events: ServerEvent[] = [];
  readonly #abort = new AbortController();
  readonly #ended: Promise<void>;

  private constructor(response: Response) {
    this.#ended = this.#read(response).catch(() => {});
  }

  static async open(url: string, lastEventId?: string): Promise<EventReader> {
    const headers = lastEventId === undefined ? {} : {'last-event-id': lastEventId};
    const response = await fetch(url, {headers});
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return new EventReader(response);
  }

  get lastEventId(): string {
    return this.events.at(-1)!.id;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#ended;
  }

  async #read(response: Response): Promise<void> {
    let held = '';
    const decoder = new TextDecoder();
    const reader = response.body!.getReader();
    this.#abort.signal.addEventListener('abort', () => void reader.cancel());
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      held += decoder.decode(value, {stream: true});
      const blocks = held.split('\n\n');
      held = blocks.pop()!;
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    if (!fields.has('event')) return;
    this.events.push({
      event: fields.get('event')!,
      id: fields.get('id') ?? '',
      data: JSON.parse(fields.get('data') ?? 'null'),
    });
  }
}
