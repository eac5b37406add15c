import {request, urlOf, type ClientOptions} from './request.ts';

/** What became of the events: those that are not listed were accepted. */
export interface SendAnswer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly events: readonly {
    readonly index: number;
    readonly id?: string;
    readonly status: 'accepted' | 'duplicate' | 'rejected' | 'retry';
    readonly errors?: readonly {pointer: string; detail: string; code: string}[];
  }[];
}

/** A stream that takes events. */
export class StreamClient<Event> {
  readonly #options: ClientOptions;
  readonly #name: string;

  constructor(options: ClientOptions, name: string) {
    this.#options = options;
    this.#name = name;
  }

  /**
   * Sends one event, or a batch in one request.
   * @throws RequestFailed when none was accepted
   */
  async send(events: Event | readonly Event[], idempotencyKey?: string): Promise<SendAnswer> {
    const {key, gatewayUrl} = this.#options;
    const response = await request(this.#options, `${urlOf(gatewayUrl)}/v1/streams/${this.#name}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : {authorization: `Bearer ${key}`}),
        ...(idempotencyKey === undefined
          ? {}
          : {'idempotency-key': JSON.stringify(idempotencyKey)}),
      },
      body: JSON.stringify(events),
    });
    return (await response.json()) as SendAnswer;
  }
}
