import type {AnyStream} from '../../src/define/stream.ts';
import {Problem} from '../answer/problem.ts';
import type {ReceivedEvent} from './received-event.ts';

/** In a batch a too large event is one rejection among others; alone it is the request that is too large. */
export function checkSize({maxEventBytes}: AnyStream, events: readonly ReceivedEvent[]): void {
  if (events.every(({bytes}) => (bytes?.byteLength ?? 0) <= maxEventBytes)) return;
  throw new Problem(
    'event-too-large',
    `an event of this stream has at most ${maxEventBytes} bytes`,
  );
}
