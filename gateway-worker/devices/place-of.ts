import {utf8} from '../../src/lib/bytes.ts';
import {partitionOf} from '../../src/record/shard.ts';
import {MQTT_OBJECTS, OBJECTS_PER_STREAM} from './device-limits.ts';

/** Names of Devices objects are made of the definition and a number, never of what a client sends. */
export function eventsPlace(stream: string, device: string): string {
  return `events/${stream}/${partitionOf(utf8(device), OBJECTS_PER_STREAM)}`;
}

/** Also the home of the client of that id: mqtt/client-homes.ts. */
export function mqttPlace(clientId: string): string {
  return `mqtt/${partitionOf(utf8(clientId), MQTT_OBJECTS)}`;
}
