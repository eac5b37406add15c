/** The properties of MQTT 5 a client may send: §2.2.2.2. */
import {MqttError} from './mqtt-error.ts';
import {malformed, PacketCursor} from './packet-cursor.ts';
import {PROTOCOL_ERROR} from './reason-codes.ts';

export type Holder = 'connect' | 'will' | 'publish' | 'subscribe' | 'unsubscribe' | 'disconnect';
type Form = 'u8' | 'u16' | 'u32' | 'varint' | 'text' | 'binary';

interface Property {
  readonly name: string;
  readonly form: Form;
  readonly in: readonly Holder[];
  readonly max?: number;
  readonly min?: number;
}

const USER_PROPERTY = 0x26;

const PROPERTIES: ReadonlyMap<number, Property> = new Map<number, Property>([
  [0x01, {name: 'payloadFormat', form: 'u8', in: ['will', 'publish'], max: 1}],
  [0x02, {name: 'expiry', form: 'u32', in: ['will', 'publish']}],
  [0x03, {name: 'contentType', form: 'text', in: ['will', 'publish']}],
  [0x08, {name: 'responseTopic', form: 'text', in: ['will', 'publish']}],
  [0x09, {name: 'correlationData', form: 'binary', in: ['will', 'publish']}],
  [0x0b, {name: 'subscriptionId', form: 'varint', in: ['subscribe'], min: 1}],
  [0x11, {name: 'sessionExpiry', form: 'u32', in: ['connect', 'disconnect']}],
  [0x15, {name: 'authenticationMethod', form: 'text', in: ['connect']}],
  [0x16, {name: 'authenticationData', form: 'binary', in: ['connect']}],
  [0x17, {name: 'requestProblemInformation', form: 'u8', in: ['connect'], max: 1}],
  [0x18, {name: 'willDelay', form: 'u32', in: ['will']}],
  [0x19, {name: 'requestResponseInformation', form: 'u8', in: ['connect'], max: 1}],
  [0x1f, {name: 'reasonString', form: 'text', in: ['disconnect']}],
  [0x21, {name: 'receiveMaximum', form: 'u16', in: ['connect'], min: 1}],
  [0x22, {name: 'topicAliasMaximum', form: 'u16', in: ['connect']}],
  [0x23, {name: 'topicAlias', form: 'u16', in: ['publish']}],
  [0x27, {name: 'maximumPacketSize', form: 'u32', in: ['connect'], min: 1}],
]);

/** What of the properties means something here. */
export interface Properties {
  readonly numbers: ReadonlyMap<string, number>;
  readonly texts: ReadonlyMap<string, string>;
  /** In their order; a name may come more than once. */
  readonly user: readonly (readonly [name: string, value: string])[];
}

export const NO_PROPERTIES: Properties = {numbers: new Map(), texts: new Map(), user: []};

/** @throws MqttError for an unknown property, one out of place, twice, or out of its range */
export function readProperties(cursor: PacketCursor, holder: Holder): Properties {
  const fields = new PacketCursor(cursor.take(cursor.varint()));
  const numbers = new Map<string, number>();
  const texts = new Map<string, string>();
  const user: (readonly [string, string])[] = [];
  const seen = new Set<number>();
  while (fields.left > 0) {
    const code = fields.varint();
    if (code === USER_PROPERTY) {
      user.push([fields.text(), fields.text()]);
      continue;
    }
    const property = PROPERTIES.get(code);
    if (property === undefined) throw malformed(`there is no property ${code}`);
    const {name, form} = property;
    if (seen.has(code) || !property.in.includes(holder))
      throw new MqttError(PROTOCOL_ERROR, `the property ${name} comes twice or out of place`);
    seen.add(code);
    if (form === 'text') texts.set(name, fields.text());
    else if (form === 'binary') fields.binary();
    else numbers.set(name, numberOf(fields[form](), property));
  }
  return {numbers, texts, user};
}

function numberOf(value: number, {name, min = 0, max = Number.MAX_SAFE_INTEGER}: Property): number {
  if (value >= min && value <= max) return value;
  throw new MqttError(PROTOCOL_ERROR, `the property ${name} cannot be ${value}`);
}
