import type {SecretReference, Secrets} from './secret.ts';
import type {WebhookOrigins} from './webhook-origins.ts';

/**
 * How a provider signs its deliveries and what it says of them, as data. It can be written down for any provider; those
 * in providers/ are nothing else.
 */
export interface WebhookScheme {
  /** The `{source}` of the route `/v1/webhooks/{source}`: two accounts of one provider are two sources. */
  readonly source: string;
  readonly proof: SignatureProof | TokenProof;
  /**
   * Where the id of a delivery is: the first place that has one. Where none has, the SHA-256 of the raw body is the id.
   * `none`: equal bodies are different deliveries to this provider, so nothing tells a repetition from news.
   */
  readonly deliveryId: readonly Place[] | 'none';
  /** Where the type of an event is: the first place that has one; else it is the stream's name. */
  readonly eventType: readonly Place[];
  /** What a body may be; JSON when missing. */
  readonly bodies?: readonly WebhookBody[];
  /** What the provider asks before it delivers. Nothing of that is an event. */
  readonly handshakes?: readonly Handshake[];
  /** Who may have `OPTIONS` answered (CloudEvents webhooks); without it nobody. */
  readonly origins?: WebhookOrigins;
  /** What a stored delivery is answered with: an empty 202 when missing. */
  readonly accepted?: AcceptedAnswer;
  /** Headers of an answer that will be the same however often the delivery is repeated. */
  readonly refusedHeaders?: Readonly<Record<string, string>>;
}

export type WebhookBody = 'json' | 'form';

/** The name of a header, or several for the same: the first that is there counts. */
export type HeaderName = string | readonly string[];

/** In a header, or in the body by RFC 6901; a form's fields are members of an object. */
export type Place = {readonly header: HeaderName} | {readonly pointer: string};

/** Signatures in one header, over what `signed` says. One right signature under one live secret is enough. */
export interface SignatureProof {
  readonly kind: 'signature';
  readonly header: HeaderName;
  /** What stands between several signatures; without it the header is one. */
  readonly separator?: ' ' | ',';
  /** Each with a prefix of its own; signatures under other prefixes are not looked at. */
  readonly versions: readonly SignatureVersion[];
  /** What is signed, one part after the other. */
  readonly signed: readonly SignedPart[];
  readonly timestamp?: SignedTimestamp;
  /** The URL the provider calls, without a query: where a proxy stands before the gateway and `url` is signed. */
  readonly publicUrl?: string;
}

export interface SignatureVersion {
  /** Stands right before the signature: `sha256=`, `v1,`; may be empty. */
  readonly prefix: string;
  readonly algorithm: 'HMAC-SHA-256' | 'HMAC-SHA-1' | 'Ed25519';
  readonly encoding: 'hex' | 'base64';
  readonly secrets: readonly SecretReference[];
  readonly key: SecretForm;
}

/** How a secret's text becomes a key: as it is, or decoded from base64 after a prefix that may be missing. */
export type SecretForm = 'text' | {readonly base64After: string};

/**
 * Literal text, or a part of the request. `url`: as the provider calls it. `form`: names and values of a form, sorted by
 * name; nothing for any other body, which then is signed by the URL's `bodySHA256`.
 */
export type SignedPart =
  | string
  | {readonly header: HeaderName}
  | {readonly part: 'timestamp' | 'body' | 'url' | 'form'};

/** Of the attempt; further away from the time of receipt than the tolerance, in either direction, it is refused. */
export type SignedTimestamp = (
  | {readonly header: HeaderName}
  /** Among the signatures, behind this prefix: `t=`. */
  | {readonly prefix: string}
) & {
  readonly unit?: 'seconds' | 'milliseconds';
  /** TIMESTAMP_TOLERANCE_S when missing. */
  readonly toleranceS?: number;
};

/** Standard Webhooks 1.0.0, and what Stripe and Slack recommend. */
export const TIMESTAMP_TOLERANCE_S = 300;

/** No signature at all: a shared secret at each of these places of the body. */
export interface TokenProof {
  readonly kind: 'token';
  /** RFC 6901; `*` is every element of an array, of which there must be one. */
  readonly pointer: string;
  readonly secrets: readonly SecretReference[];
}

export type Handshake = BodyHandshake | QueryHandshake;

/** A delivery that is a question: proven like any other. */
export interface BodyHandshake {
  readonly kind: 'body';
  readonly when: {readonly pointer: string; readonly is: string};
  /** A JSON pointer. */
  readonly token: string;
  readonly answer: HandshakeAnswer;
}

/** A request without a proof, at most with a word both sides know. */
export interface QueryHandshake {
  readonly kind: 'query';
  readonly method: 'GET' | 'POST';
  /** Name of the parameter that is to be answered. */
  readonly token: string;
  readonly require?: {readonly param: string; readonly is: string};
  readonly verify?: {readonly param: string; readonly secrets: readonly SecretReference[]};
  readonly answer: HandshakeAnswer;
}

/** The token itself as plain text, or JSON with its HMAC-SHA-256 under the source's secret. */
export type HandshakeAnswer =
  | 'echo'
  | {
      /** The member that holds the HMAC. */
      readonly hmacAs: string;
      readonly prefix: string;
      readonly encoding: 'hex' | 'base64';
      /** The member that repeats the token. */
      readonly tokenAs?: string;
    };

export interface AcceptedAnswer {
  readonly status: 200 | 202 | 204;
  readonly contentType?: string;
  readonly body?: string;
}

/** What every provider's word takes. */
export interface ProviderOptions {
  /** One, or several while one takes the place of another: a signature by any of them is right. */
  readonly secret: Secrets;
  /** The `{source}` of the route; the provider's name when missing. */
  readonly source?: string;
}

/** Every secret a scheme names, each once. */
export function secretNamesOf({proof, handshakes = []}: WebhookScheme): readonly string[] {
  const ofProof =
    proof.kind === 'token' ? proof.secrets : proof.versions.flatMap(({secrets}) => secrets);
  const ofHandshakes = handshakes.flatMap((handshake) =>
    handshake.kind === 'query' ? (handshake.verify?.secrets ?? []) : [],
  );
  return [...new Set([...ofProof, ...ofHandshakes].map(({secret}) => secret))];
}
