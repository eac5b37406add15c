import type {MqttClient} from '../attachment.ts';
import {MqttError} from './mqtt-error.ts';
import type {PublishPacket} from './read-packet.ts';
import {QOS_NOT_SUPPORTED, RETAIN_NOT_SUPPORTED, TOPIC_ALIAS_INVALID} from './reason-codes.ts';

/** What the CONNACK said is not to be had. 3.1.1 has no such words: there a retained event is an event like others. */
export function checkPublish(
  packet: PublishPacket,
  client: MqttClient | null,
): PublishPacket | MqttError {
  if (packet.qos === 2) return new MqttError(QOS_NOT_SUPPORTED, 'QoS 1 at most');
  if (packet.isRetained && client?.version === 5)
    return new MqttError(RETAIN_NOT_SUPPORTED, 'nothing is retained');
  if (packet.properties.numbers.has('topicAlias'))
    return new MqttError(TOPIC_ALIAS_INVALID, 'there are no topic aliases');
  return packet;
}
