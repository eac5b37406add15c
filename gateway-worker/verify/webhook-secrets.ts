import {secretNamesOf} from '../../src/define/webhook-scheme.ts';
import type {WebhookScheme} from '../../src/define/webhook-scheme.ts';
import {keyBytes} from './webhook-key.ts';
import type {SecretOf} from './webhook-signature.ts';

/** Whether there is anything to verify a delivery with. One secret of several is enough. */
export function canVerify({proof}: WebhookScheme, secretOf: SecretOf): boolean {
  if (proof.kind === 'token') return proof.secrets.some(({secret}) => secretOf(secret) !== null);
  return proof.versions.some((version) =>
    version.secrets.some(({secret: name}) => {
      const secret = secretOf(name);
      return secret !== null && keyBytes(version, secret) !== null;
    }),
  );
}

/** What a person has to mend about a scheme's secrets, in words. */
export function secretProblems(scheme: WebhookScheme, secretOf: SecretOf): readonly string[] {
  const {proof} = scheme;
  const missing = secretNamesOf(scheme).filter((name) => secretOf(name) === null);
  const versions = proof.kind === 'token' ? [] : proof.versions;
  const noKeys = versions.flatMap((version) =>
    version.secrets.flatMap(({secret: name}) => {
      const secret = secretOf(name);
      return secret !== null && keyBytes(version, secret) === null ? [name] : [];
    }),
  );
  return [
    ...missing.map((name) => `the secret ${name} is not set`),
    ...noKeys.map((name) => `the secret ${name} is no key of the webhook source ${scheme.source}`),
  ];
}
