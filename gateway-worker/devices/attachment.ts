/**
 * What a socket must still know after its object slept: it lives with the connection in the runtime's memory, at most
 * 16,384 bytes, and is gone with it. Credentials are in it as they were shown, for they are checked again from time to time.
 */
export type Attachment = EventsAttachment | MqttAttachment;

export interface EventsAttachment {
  readonly protocol: 'events';
  /** Last sign of life. */
  readonly seenMs: number;
  readonly stream: string;
  readonly token: string;
  /** An event was answered `retry`, and the device has not said yet that it sends again. */
  readonly isHalted: boolean;
}

export interface MqttAttachment {
  readonly protocol: 'mqtt';
  readonly seenMs: number;
  /** `null` until a CONNECT was accepted. */
  readonly client: MqttClient | null;
}

export interface MqttClient {
  readonly version: 4 | 5;
  readonly clientId: string;
  readonly token: string;
  /** Of sender and client id: mqtt/client-home.ts. */
  readonly key: string;
  /** This connection among all the client ever had. */
  readonly connection: string;
  /** Silence after which the connection counts as lost. */
  readonly silenceMs: number;
  /** The client's own bounds on what it is sent: MQTT 5 §3.1.2.11. */
  readonly maxPacketBytes: number;
  readonly wantsReasons: boolean;
}

export function attachmentOf(socket: WebSocket): Attachment | null {
  return socket.deserializeAttachment() as Attachment | null;
}

export function attach(socket: WebSocket, attachment: Attachment): void {
  socket.serializeAttachment(attachment);
}
