export interface GatewayAddress {
  readonly gatewayUrl: string;
  readonly ingestKey: string;
}

/** Senders at once: enough to keep workerd busy, few enough to leave it the machine. */
const SENDERS = 8;
const STATIONS = 1_000;
/** Makes an event of about 200 bytes. */
const NOTE = 'x'.repeat(120);

/** Fills the shards: `count` events in requests of `perRequest`. */
export async function fillShards(
  address: GatewayAddress,
  {count, perRequest}: {readonly count: number; readonly perRequest: number},
): Promise<void> {
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < count) {
      const size = Math.min(perRequest, count - next);
      const first = next;
      next += size;
      const events = Array.from({length: size}, (_, index) => reading(first + index));
      await post(address, JSON.stringify(events));
    }
  };
  await Promise.all(Array.from({length: SENDERS}, sender));
}

/** One event; its id once it is durable. */
export async function sendOne(address: GatewayAddress, n: number): Promise<string> {
  const {events} = await post(address, JSON.stringify(reading(n)));
  return events[0]!.id;
}

function reading(n: number): object {
  return {station: `station-${n % STATIONS}`, time: new Date().toISOString(), note: NOTE};
}

async function post(
  {gatewayUrl, ingestKey}: GatewayAddress,
  body: string,
): Promise<{readonly events: readonly {readonly id: string}[]}> {
  const response = await fetch(`${gatewayUrl}/v1/streams/readings`, {
    method: 'POST',
    headers: {authorization: `Bearer ${ingestKey}`, 'content-type': 'application/json'},
    body,
  });
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as {events: readonly {id: string}[]};
}
