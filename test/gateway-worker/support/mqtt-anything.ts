/** MQTT to the stream that takes anything. */
import {publishPacket} from './mqtt-client.ts';
import type {PublishOptions, Version} from './mqtt-client.ts';
import {recordsOf} from './shard-records.ts';

export const TOPIC = 'socket-anything';

/** The values that are stored, in their order. */
export async function inAnything(): Promise<readonly (string | null)[]> {
  return (await recordsOf(`${TOPIC}/0`)).map(({value}) => value);
}

/** A PUBLISH whose body holds its packet id. */
export function publish(
  version: Version,
  packetId: number,
  options: Partial<PublishOptions> = {},
): Uint8Array {
  return publishPacket({version, topic: TOPIC, body: `{"n":${packetId}}`, packetId, ...options});
}

/** `DISCONNECT` with a reason code, whatever its reason string. */
export function disconnectOf(code: number): RegExp {
  return new RegExp(`^e0[0-9a-f]{2}${code.toString(16).padStart(2, '0')}`);
}
