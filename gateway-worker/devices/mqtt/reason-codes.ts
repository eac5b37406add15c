/** MQTT 5 §2.4. https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html */
export const SUCCESS = 0x00;
export const NO_SUBSCRIPTION_EXISTED = 0x11;
export const MALFORMED_PACKET = 0x81;
export const PROTOCOL_ERROR = 0x82;
export const UNSUPPORTED_VERSION = 0x84;
export const BAD_CLIENT_ID = 0x85;
export const BAD_CREDENTIALS = 0x86;
export const NOT_AUTHORIZED = 0x87;
export const SERVER_UNAVAILABLE = 0x88;
export const SERVER_BUSY = 0x89;
export const BAD_AUTHENTICATION_METHOD = 0x8c;
export const KEEP_ALIVE_TIMEOUT = 0x8d;
export const SESSION_TAKEN_OVER = 0x8e;
export const TOPIC_NAME_INVALID = 0x90;
export const RECEIVE_MAXIMUM_EXCEEDED = 0x93;
export const TOPIC_ALIAS_INVALID = 0x94;
export const PACKET_TOO_LARGE = 0x95;
export const QUOTA_EXCEEDED = 0x97;
export const PAYLOAD_FORMAT_INVALID = 0x99;
export const RETAIN_NOT_SUPPORTED = 0x9a;
export const QOS_NOT_SUPPORTED = 0x9b;

/** MQTT 3.1.1 §3.2.2.3. */
const RETURN_CODES: Readonly<Record<number, number>> = {
  [SUCCESS]: 0,
  [UNSUPPORTED_VERSION]: 1,
  [BAD_CLIENT_ID]: 2,
  [SERVER_UNAVAILABLE]: 3,
  [BAD_CREDENTIALS]: 5,
  [NOT_AUTHORIZED]: 5,
};

/** What a 3.1.1 client is told in a CONNACK; `null` where it is only closed. */
export function returnCodeOf(reasonCode: number): number | null {
  return RETURN_CODES[reasonCode] ?? null;
}
