import {oauthTokens} from './oauth-token.ts';
import {optionsInvalid} from './options-invalid.ts';
import type {KafkaSasl} from './ports.ts';

type Env = Readonly<Record<string, string | undefined>>;

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const;

/** Who this program is to the brokers; `undefined` when they do not ask. Throws `KAFKA_OPTIONS_INVALID`. */
export function saslFromEnv(env: Env): KafkaSasl | undefined {
  const name = env['KAFKA_SASL_MECHANISM'] ?? '';
  if (name === '') return undefined;
  const mechanism = MECHANISMS.find((known) => known === name.toUpperCase());
  if (mechanism === undefined) {
    throw optionsInvalid(
      `KAFKA_SASL_MECHANISM=${name} is not known`,
      `use one of ${MECHANISMS.join(', ')}`,
    );
  }
  const username = env['KAFKA_SASL_USERNAME'];
  const password = env['KAFKA_SASL_PASSWORD'];
  if (username === undefined || password === undefined) {
    throw optionsInvalid(
      'KAFKA_SASL_MECHANISM is set without its credentials',
      'set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD too (of OAUTHBEARER: client id and secret)',
    );
  }
  if (mechanism !== 'OAUTHBEARER') return {mechanism, username, password};
  const token = oauthTokens({
    tokenUrl: tokenUrlOf(env),
    clientId: username,
    clientSecret: password,
    scope: env['KAFKA_SASL_OAUTH_SCOPE'],
  });
  return {mechanism, token};
}

function tokenUrlOf(env: Env): URL {
  const text = env['KAFKA_SASL_OAUTH_TOKEN_URL'] ?? '';
  const url = URL.parse(text);
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) {
    // They would not be sent, and errors would show them.
    if (url.username === '' && url.password === '') return url;
    throw optionsInvalid(
      'KAFKA_SASL_OAUTH_TOKEN_URL holds credentials',
      'take them out of the URL: KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are the client id and secret',
    );
  }
  throw optionsInvalid(
    text === ''
      ? 'KAFKA_SASL_MECHANISM=OAUTHBEARER is set without KAFKA_SASL_OAUTH_TOKEN_URL'
      : `KAFKA_SASL_OAUTH_TOKEN_URL=${text} is not a URL`,
    'set KAFKA_SASL_OAUTH_TOKEN_URL to the token endpoint of the authorization server, https://…',
  );
}
