import {concatBytes, utf8} from '../../../src/lib/bytes.ts';
import type {ReceivedEvent} from '../../accept/received-event.ts';
import {counted, storeSubmission} from '../../accept/store-submission.ts';
import type {Fate} from '../../answer/fate.ts';
import {Problem} from '../../answer/problem.ts';
import type {RequestScope} from '../../request-scope.ts';
import type {CheckedStream} from '../../validate/check-event.ts';
import {requireStream} from '../../verify/grant.ts';
import type {Grant} from '../../verify/grant.ts';
import type {MqttClient} from '../attachment.ts';
import type {DeviceHost} from '../device-host.ts';
import type {PacketToName} from './client-homes.ts';
import {MqttError} from './mqtt-error.ts';
import type {PublishPacket} from './read-packet.ts';
import {eventOf, withId} from './read-publish.ts';
import {
  NOT_AUTHORIZED,
  PAYLOAD_FORMAT_INVALID,
  QUOTA_EXCEEDED,
  SERVER_BUSY,
  SESSION_TAKEN_OVER,
  SUCCESS,
  TOPIC_NAME_INVALID,
} from './reason-codes.ts';
import {topicOf} from './topic-of.ts';

/** What a PUBLISH came to. SERVER_BUSY: it is not known to be stored. */
export interface PublishOutcome {
  readonly reasonCode: number;
  /** For a person; empty when all is well. */
  readonly reason: string;
}

export interface PublishesOptions {
  readonly host: DeviceHost;
  readonly client: MqttClient;
  readonly grant: Grant;
}

interface Planned {
  readonly index: number;
  readonly publish: PublishPacket;
  readonly stream: CheckedStream;
  event: ReceivedEvent;
}

/**
 * Stores what one client published, in its order; one outcome for each.
 * @throws MqttError when the client has a newer connection; then nothing was stored
 */
export async function acceptPublishes(
  publishes: readonly PublishPacket[],
  options: PublishesOptions,
  scope: RequestScope,
): Promise<readonly PublishOutcome[]> {
  const outcomes: PublishOutcome[] = publishes.map(() => outcome(SERVER_BUSY, 'not stored'));
  const planned: Planned[] = [];
  publishes.forEach((publish, index) => {
    const plan = planOf(publish, options);
    if ('reasonCode' in plan) outcomes[index] = plan;
    else planned.push({index, publish, ...plan});
  });
  await nameEvents(planned, options);
  const byStream = Map.groupBy(planned, ({stream}) => stream);
  await Promise.all(
    Array.from(byStream, async ([stream, members]) => {
      const results = await storeAll(members, stream, options, scope);
      members.forEach(({index}, at) => (outcomes[index] = results[at]!));
    }),
  );
  return outcomes;
}

function planOf(
  publish: PublishPacket,
  {host, grant}: PublishesOptions,
): Pick<Planned, 'stream' | 'event'> | PublishOutcome {
  const topic = topicOf(publish.topic);
  const stream = host.gateway.streams.get(topic?.stream ?? '');
  if (topic === null || !stream?.definition.accept.some(({kind}) => kind === 'mqtt'))
    return outcome(TOPIC_NAME_INVALID, 'no stream takes MQTT under this topic');
  try {
    requireStream(grant, stream);
  } catch (error) {
    host.gateway.metrics.countFailure(stream.definition.name, error);
    return outcome(NOT_AUTHORIZED, 'these credentials may not write to this stream');
  }
  return {stream, event: eventOf(publish, topic.key)};
}

/** Event ids for packets that may come again and that nothing else names. */
async function nameEvents(
  planned: readonly Planned[],
  {host, client}: PublishesOptions,
): Promise<void> {
  const nameless = planned.filter(
    ({publish, event, stream: {definition}}) =>
      publish.qos === 1 &&
      event.attributes?.id === undefined &&
      definition.id === undefined &&
      definition.dedupeWindowMs > 0,
  );
  if (nameless.length === 0) return;
  const packets = await Promise.all(nameless.map(({publish}) => packetToName(publish)));
  const {clientId, key, connection} = client;
  const ids = await host.homes.nameEvents(clientId, {key, connection, packets});
  if (ids === null) throw new MqttError(SESSION_TAKEN_OVER, 'the client connected anew');
  nameless.forEach((plan, at) => (plan.event = withId(plan.event, ids[at]!)));
}

async function packetToName({packetId, isDup, topic, body}: PublishPacket): Promise<PacketToName> {
  // A topic has no U+0000, so nothing else has these bytes.
  const sent = concatBytes([utf8(`${topic}\0`), body]);
  return {packetId, isDup, digest: new Uint8Array(await crypto.subtle.digest('SHA-256', sent))};
}

async function storeAll(
  members: readonly Planned[],
  stream: CheckedStream,
  {host, client, grant}: PublishesOptions,
  scope: RequestScope,
): Promise<readonly PublishOutcome[]> {
  const {gateway} = host;
  const {name} = stream.definition;
  const events = members.map(({event}) => event);
  try {
    const fates = await counted(gateway, name, async () => {
      await gateway.quotas.take({grant, stream, events: events.length}, scope);
      return storeSubmission(
        gateway,
        {
          stream,
          events,
          sender: grant.sender,
          headers: new Headers(),
          requestId: null,
          isSingle: false,
          // A 3.1.1 client cannot be told that an event is invalid, and would send it for ever.
          onInvalid: client.version === 5 ? 'reject' : 'quarantine',
          source: `/mqtt/${encodeURIComponent(client.clientId)}`,
          eventType: name,
        },
        scope,
      );
    });
    return fates.map(outcomeOf);
  } catch (error) {
    if (error instanceof Problem && /quota/.test(error.code))
      return members.map(() => outcome(QUOTA_EXCEEDED, error.options.detail));
    throw error;
  }
}

function outcomeOf(fate: Fate): PublishOutcome {
  if (fate.status === 'retry') return outcome(SERVER_BUSY, 'the event cannot be stored now');
  if (fate.status !== 'rejected') return outcome(SUCCESS, '');
  const [first] = fate.issues;
  return outcome(PAYLOAD_FORMAT_INVALID, `${first?.pointer ?? ''} ${first?.detail ?? ''}`.trim());
}

function outcome(reasonCode: number, reason: string): PublishOutcome {
  return {reasonCode, reason};
}
