import {Deadline, EXPIRED} from '../deadline.ts';

/** `send` was seen to hang for 57 s (https://github.com/cloudflare/workerd/issues/6053); a sender does not wait so long. */
export const SEND_DEADLINE_MS = 5_000;
/** `sendBatch` takes 100 messages or 256 KB. */
const MAX_BATCH_MESSAGES = 100;
const MAX_BATCH_BYTES = 255_000;
/** A request has six connections; the others are for other shards. */
const PARALLEL_SENDS = 3;

/** Resolves when all are in the queue. @throws when that is not known for one of them within SEND_DEADLINE_MS */
export async function sendMessages(queue: Queue, messages: readonly Uint8Array[]): Promise<void> {
  const batches = toBatches(messages);
  const deadline = new Deadline(SEND_DEADLINE_MS);
  const sendNext = async (): Promise<void> => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
      const sent = queue.sendBatch(batch.map((body) => ({body, contentType: 'bytes'})));
      if ((await deadline.race(sent)) === EXPIRED)
        throw new Error(`no answer of the queue within ${SEND_DEADLINE_MS} ms`);
    }
  };
  try {
    await Promise.all(Array.from({length: PARALLEL_SENDS}, () => sendNext()));
  } finally {
    batches.length = 0;
    deadline.clear();
  }
}

/** The last first: the order in which they are sent means nothing. */
function toBatches(messages: readonly Uint8Array[]): Uint8Array[][] {
  const batches: Uint8Array[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages.toReversed()) {
    const last = batches.at(-1);
    if (
      last === undefined ||
      last.length === MAX_BATCH_MESSAGES ||
      bytes + message.byteLength > MAX_BATCH_BYTES
    ) {
      batches.push([message]);
      bytes = 0;
    } else last.push(message);
    bytes += message.byteLength;
  }
  return batches;
}
