import type {StartBrokerOptions} from '../../dev/kafka/start-broker.ts';
import type {Certificates} from './certificates.ts';
import {startKafkaCluster, type KafkaCluster} from './kafka-cluster.ts';
import {lastingPort} from '../../dev/lasting-port.ts';

export interface SecureBroker {
  readonly cluster: KafkaCluster;
  /** `host:port` of each way in. */
  readonly listeners: {
    readonly sasl: string;
    readonly saslTls: string;
    readonly tls: string;
    /** TLS that asks for the client's certificate. */
    readonly mutualTls: string;
  };
}

export const USER = {username: 'alice', password: 'correct-horse'};
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'];
const SECURITY = 'org.apache.kafka.common.security';

/**
 * A broker that knows one user by every SASL mechanism. OAUTHBEARER takes any unsigned token (`unsecuredToken`).
 * An authentication by token holds for `reauthMs` (KIP-368).
 */
export async function startSecureBroker(
  certificates: Certificates,
  reauthMs: number,
): Promise<SecureBroker> {
  const [sasl, saslTls, tls, mutualTls] = [
    {name: 'SASL', protocol: 'SASL_PLAINTEXT', port: await lastingPort()},
    {name: 'SASLTLS', protocol: 'SASL_SSL', port: await lastingPort()},
    {name: 'TLS', protocol: 'SSL', port: await lastingPort()},
    {name: 'MUTUAL', protocol: 'SSL', port: await lastingPort()},
  ] as const;
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${USER.username},password=${USER.password}]`,
  ]);
  const broker: StartBrokerOptionsPart = {
    secureListeners: [sasl, saslTls, tls, mutualTls],
    properties: {
      ...saslProperties('sasl', reauthMs),
      ...saslProperties('sasltls', reauthMs),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': certificates.serverPath,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': certificates.caPath,
      'listener.name.mutual.ssl.client.auth': 'required',
    },
    formatArguments: scram,
  };
  return {
    cluster: await startKafkaCluster({broker}),
    listeners: {
      sasl: addressOf(sasl),
      saslTls: addressOf(saslTls),
      tls: addressOf(tls),
      mutualTls: addressOf(mutualTls),
    },
  };
}

type StartBrokerOptionsPart = Pick<
  StartBrokerOptions,
  'properties' | 'secureListeners' | 'formatArguments'
>;

function saslProperties(listener: string, reauthMs: number): Readonly<Record<string, string>> {
  const prefix = `listener.name.${listener}`;
  return {
    [`${prefix}.sasl.enabled.mechanisms`]: MECHANISMS.join(','),
    [`${prefix}.plain.sasl.jaas.config`]: `${SECURITY}.plain.PlainLoginModule required user_${USER.username}="${USER.password}";`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: `${SECURITY}.scram.ScramLoginModule required;`,
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: `${SECURITY}.scram.ScramLoginModule required;`,
    [`${prefix}.oauthbearer.sasl.jaas.config`]: `${SECURITY}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
    [`${prefix}.oauthbearer.connections.max.reauth.ms`]: String(reauthMs),
  };
}

function addressOf({port}: {readonly port: number}): string {
  return `127.0.0.1:${port}`;
}

/** A token as Kafka's validator for tests takes it: a JSON web token without a signature (RFC 7515 §A.5). */
export function unsecuredToken(subject: string, lifeS: number): string {
  const nowS = Date.now() / 1_000;
  const claims = {sub: subject, iat: nowS, exp: nowS + lifeS};
  return `${encode({alg: 'none'})}.${encode(claims)}.`;
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
