import type {IdempotencyObject} from './buffer/idempotency-object.ts';
import type {ShardObject} from './buffer/shard-object.ts';
import type {DevicesRpc} from './devices/mqtt/client-homes.ts';
import type {KeysObject} from './keys/keys-object.ts';
import type {QuotaObject} from './quota/quota-object.ts';
import type {RevocationsObject} from './verify/revocations/revocations-object.ts';

/**
 * What the platform binds. Texts may be missing when a deployment is not finished; `GET /ready` says which.
 * Secrets a definition names are further text bindings of their own names: see readSecret.
 */
export interface Env {
  readonly SHARD: DurableObjectNamespace<ShardObject>;
  readonly IDEMPOTENCY: DurableObjectNamespace<IdempotencyObject>;
  readonly QUOTA: DurableObjectNamespace<QuotaObject>;
  readonly DEVICE_REVOCATIONS: DurableObjectNamespace<RevocationsObject>;
  readonly KEYS: DurableObjectNamespace<KeysObject>;
  readonly DEVICES: DurableObjectNamespace<DevicesRpc>;
  /** Where events wait that a full shard has no room for. Missing on a self-hosted gateway: those are answered 503. */
  readonly OVERFLOW?: Queue;
  /** JSON: verify/key-ring.ts. */
  readonly FOREBAY_KEYS?: string | null;
  /** JSON object, name → value: a self-hosted gateway's secrets in one variable. */
  readonly FOREBAY_SECRETS?: string | null;
}

/** A secret by the name the definition gives it: its own binding first, then FOREBAY_SECRETS. `null` when missing or empty. */
export function readSecret(env: Env, name: string): string | null {
  const own = (env as unknown as Readonly<Record<string, unknown>>)[name];
  if (typeof own === 'string' && own !== '') return own;
  const value = secretsOf(env.FOREBAY_SECRETS)[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

let parsedText: string | null | undefined;
let parsedSecrets: Readonly<Record<string, unknown>> = {};

function secretsOf(text: string | null | undefined): Readonly<Record<string, unknown>> {
  if (text !== parsedText) {
    parsedText = text;
    parsedSecrets = parseSecrets(text);
  }
  return parsedSecrets;
}

/** Not JSON is the same as no secrets: their routes fail closed and `GET /ready` names them. */
function parseSecrets(text: string | null | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
