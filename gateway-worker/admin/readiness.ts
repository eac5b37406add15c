import {readSecret} from '../env.ts';
import type {Env} from '../env.ts';
import type {Gateway} from '../gateway.ts';
import {credentialGaps} from '../verify/credential-gaps.ts';
import {secretProblems} from '../verify/webhook-secrets.ts';

/** What keeps this gateway from taking what its definition promises, in words; empty when nothing does. */
export function missingConfiguration(gateway: Gateway, env: Env): readonly string[] {
  const {problem} = gateway.keys(env);
  const secrets = Array.from(gateway.webhooks.values()).flatMap(({scheme}) =>
    secretProblems(scheme, (name) => readSecret(env, name)),
  );
  const gaps = credentialGaps(gateway.pipeline.streams, env);
  return [...(problem === null ? [] : [problem]), ...new Set([...secrets, ...gaps])];
}
