import {readSecret} from '../env.ts';
import type {Env} from '../env.ts';
import type {Gateway} from '../gateway.ts';

/** What keeps this gateway from taking what its definition promises, in words; empty when nothing does. */
export function missingConfiguration(gateway: Gateway, env: Env): readonly string[] {
  const {problem} = gateway.keys(env);
  const secrets = Array.from(gateway.webhooks.values(), ({scheme}) => scheme.secret.secret);
  return [
    ...(problem === null ? [] : [problem]),
    ...[...new Set(secrets)]
      .filter((name) => readSecret(env, name) === null)
      .map((name) => `the secret ${name} is not set`),
  ];
}
