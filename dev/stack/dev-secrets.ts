import {randomBytes} from 'node:crypto';
import {rename, writeFile} from 'node:fs/promises';
import {credentialSecrets} from '../../src/define/credentials.ts';
import type {Pipeline} from '../../src/define/pipeline.ts';
import {secretNamesOf} from '../../src/define/webhook-scheme.ts';
import {apiKeyId, hashApiKey, makeApiKey} from '../../src/lib/api-key.ts';
import {must} from '../../src/lib/assert.ts';
import {localSecretsPath, readLocalSecrets} from '../../src/program/local-run.ts';
import type {LocalSecrets} from '../../src/program/local-run.ts';

/** A key as the gateway is told of it. */
export interface KeyEntry {
  readonly id: string;
  readonly hash: string;
  readonly scopes: readonly string[];
}

const SECRET_BYTES = 24;
const OWNER_ONLY = 0o600;

/** The secrets of one state directory: made once, so that a pasted `curl` works after a restart too. */
export async function keepSecrets(stateDir: string, pipeline: Pipeline): Promise<LocalSecrets> {
  const path = localSecretsPath(stateDir);
  const kept = await readLocalSecrets(stateDir);
  const named = secretNames(pipeline).map((name) => [
    name,
    kept?.webhookSecrets[name] ?? randomBytes(SECRET_BYTES).toString('hex'),
  ]);
  const secrets: LocalSecrets = {
    ingestKey: kept?.ingestKey ?? newKey(),
    adminKey: kept?.adminKey ?? newKey(),
    drainKey: kept?.drainKey ?? newKey(),
    webhookSecrets: {...kept?.webhookSecrets, ...Object.fromEntries(named)},
  };
  await writeFile(`${path}.next`, JSON.stringify(secrets, undefined, 2), {mode: OWNER_ONLY});
  await rename(`${path}.next`, path);
  return secrets;
}

/** What the gateway is told: hashes, never the keys. */
export async function keyEntries(secrets: LocalSecrets): Promise<readonly KeyEntry[]> {
  const scoped = [
    {key: secrets.ingestKey, scopes: ['ingest:write:*']},
    {key: secrets.adminKey, scopes: ['admin']},
    {key: secrets.drainKey, scopes: ['drain']},
  ];
  return Promise.all(
    scoped.map(async ({key, scopes}) => ({
      id: must(apiKeyId(key), 'a kept key has the form of one'),
      hash: await hashApiKey(key),
      scopes,
    })),
  );
}

/** Every secret a definition names that any random text can be. */
export function secretNames(pipeline: Pipeline): readonly string[] {
  const sources = pipeline.streams.flatMap((stream) => stream.accept);
  return sources.flatMap((source) => {
    if (source.kind === 'webhook') return secretNamesOf(source.scheme);
    if (source.kind !== 'device-token' && source.kind !== 'jwt') return [];
    // Keys and certificates of others cannot be made up.
    return credentialSecrets(source)
      .filter(({holds}) => holds === 'hmac-secret')
      .map(({name}) => name);
  });
}

function newKey(): string {
  return makeApiKey({environment: 'dev', random: randomBytes}).key;
}
