import {listOf} from '../secret.ts';
import type {
  HeaderName,
  ProviderOptions,
  SignatureProof,
  SignatureVersion,
  WebhookScheme,
} from '../webhook-scheme.ts';

export interface GenericHmacOptions
  extends
    Omit<ProviderOptions, 'source'>,
    Pick<WebhookScheme, 'bodies' | 'handshakes' | 'origins' | 'accepted' | 'refusedHeaders'>,
    Partial<Pick<WebhookScheme, 'deliveryId' | 'eventType'>>,
    Pick<SignatureProof, 'separator' | 'timestamp' | 'publicUrl'>,
    Partial<Pick<SignatureProof, 'signed'>>,
    Partial<Pick<SignatureVersion, 'prefix' | 'encoding' | 'key'>> {
  readonly source: string;
  /** Where the signature is. */
  readonly header: HeaderName;
  readonly algorithm?: 'HMAC-SHA-256' | 'HMAC-SHA-1';
}

/** Any provider that signs with a shared secret: by default HMAC-SHA-256 in hex over the raw body, key as it is. */
export function genericHmac(options: GenericHmacOptions): WebhookScheme {
  const {source, secret, header, prefix, algorithm, encoding, key, signed} = options;
  const {separator, timestamp, publicUrl, deliveryId, eventType, ...scheme} = options;
  const {bodies, handshakes, origins, accepted, refusedHeaders} = scheme;
  return {
    source,
    proof: {
      kind: 'signature',
      header,
      versions: [
        {
          prefix: prefix ?? '',
          algorithm: algorithm ?? 'HMAC-SHA-256',
          encoding: encoding ?? 'hex',
          secrets: listOf(secret),
          key: key ?? 'text',
        },
      ],
      signed: signed ?? [{part: 'body'}],
      ...given({separator, timestamp, publicUrl}),
    },
    deliveryId: deliveryId ?? [],
    eventType: eventType ?? [],
    ...given({bodies, handshakes, origins, accepted, refusedHeaders}),
  };
}

/** Without the members that are not there, since `undefined` is no value of an option. */
function given<Options extends object>(
  options: Options,
): {readonly [Name in keyof Options]?: Exclude<Options[Name], undefined>} {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    readonly [Name in keyof Options]?: Exclude<Options[Name], undefined>;
  };
}
