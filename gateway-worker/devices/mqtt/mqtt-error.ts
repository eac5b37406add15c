/** Ends the connection: MQTT 5 says the reason code in a DISCONNECT (or CONNACK), 3.1.1 only closes. */
export class MqttError extends Error {
  override readonly name = 'MqttError';
  readonly reasonCode: number;

  constructor(reasonCode: number, message: string) {
    super(message);
    this.reasonCode = reasonCode;
  }
}
