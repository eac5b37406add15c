import {must} from '../../src/lib/assert.ts';
import {fromHex} from '../../src/lib/bytes.ts';
import type {ReplayEvent} from '../../src/protocol/replay.ts';
import type {EventId, EventIds, EventToName} from '../accept/event-ids.ts';

/** The ids events had when they were rejected, and what they were to be remembered by. */
export class ReplayIds implements EventIds {
  readonly #events: readonly ReplayEvent[];

  constructor(events: readonly ReplayEvent[]) {
    this.#events = events;
  }

  derived(index: number): string {
    return this.#events[index]!.id;
  }

  async of(events: readonly EventToName[]): Promise<readonly EventId[]> {
    return events.map(({index}) => {
      const {id, dedupe} = this.#events[index]!;
      return {id, hash: must(fromHex(dedupe), 'the request was checked')};
    });
  }
}
