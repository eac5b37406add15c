/**
 * The admin API of API keys: `/admin/v1/keys`. Times are RFC 3339 in UTC; `null` means there is none. A key itself is in
 * one answer only, the one to the request that made it.
 *
 * Changes: 1 first version.
 */
import * as z from 'zod';

const MAX_DESCRIPTION_CHARS = 200;
const MAX_SCOPES = 100;
export const ROTATION_OVERLAP_S_DEFAULT = 86_400;
/** 30 days: an old secret that lives longer was not rotated. */
const ROTATION_OVERLAP_S_MAX = 2_592_000;
export const KEYS_PAGE_DEFAULT = 100;
export const KEYS_PAGE_MAX = 1_000;

/** What a key may do. A stream is named as the pipeline names it; `*` is all of them. */
export const KeyScope = z
  .string()
  .regex(
    /^(?:ingest:write:(?:\*|[a-z][a-z0-9-]{0,62})|admin|drain|read:query)$/,
    'a scope is ingest:write:<stream>, ingest:write:*, admin, drain or read:query',
  );

/** Events a second, and how many at once. */
export const KeyQuota = z.strictObject({
  eventsPerSecond: z.number().positive(),
  burst: z.number().min(1),
});
export type KeyQuota = z.infer<typeof KeyQuota>;

const Time = z.iso.datetime({offset: true});

/** `POST /admin/v1/keys` */
export const CreateKeyRequest = z.strictObject({
  /** A part of the key that people see: `live`, `staging`. */
  environment: z
    .string()
    .regex(/^[a-z0-9-]{1,16}$/, 'an environment is 1 to 16 lower-case letters, digits and dashes')
    .default('live'),
  /** Whose key it is and what for. */
  description: z.string().max(MAX_DESCRIPTION_CHARS).default(''),
  scopes: z
    .array(KeyScope)
    .min(1)
    .max(MAX_SCOPES)
    .refine((scopes) => new Set(scopes).size === scopes.length, 'a scope is named once'),
  quota: KeyQuota.optional(),
  /** The key ends then, whatever is rotated. */
  expiresAt: Time.optional(),
});
export type CreateKeyRequest = z.input<typeof CreateKeyRequest>;

/** `POST /admin/v1/keys/:id/rotate`; an empty body is `{}`. */
export const RotateKeyRequest = z.strictObject({
  /** How long the secret before lives on; 0 ends it at once. */
  overlapSeconds: z.int().min(0).max(ROTATION_OVERLAP_S_MAX).default(ROTATION_OVERLAP_S_DEFAULT),
});
export type RotateKeyRequest = z.input<typeof RotateKeyRequest>;

/** One key as the API shows it; nothing in it helps to use the key. */
export const KeyView = z.object({
  id: z.string(),
  /** `environment`: from FOREBAY_KEYS, and changed only there. */
  source: z.enum(['registry', 'environment']),
  /** Not known of a key from FOREBAY_KEYS, like all times. */
  environment: z.string().nullable(),
  description: z.string(),
  scopes: z.array(z.string()),
  quota: KeyQuota.nullable(),
  /** Those that are right now, the newest first; two during a rotation. */
  secrets: z.array(z.object({createdAt: Time, expiresAt: Time.nullable()})),
  createdAt: Time.nullable(),
  /** Who made it: `key <id>`. */
  createdBy: z.string().nullable(),
  expiresAt: Time.nullable(),
  revokedAt: Time.nullable(),
  /** To the minute; may be a minute behind. */
  lastUsedAt: Time.nullable(),
});
export type KeyView = z.infer<typeof KeyView>;

/** Of a new key and of a rotation: the only time the key is shown. */
export const MadeKey = KeyView.extend({key: z.string()});
export type MadeKey = z.infer<typeof MadeKey>;

/** `GET /admin/v1/keys?limit=&cursor=`, in the order they were made; those from FOREBAY_KEYS are on the first page. */
export const KeyList = z.object({
  keys: z.array(KeyView),
  /** For the next page; `null` on the last. */
  cursor: z.string().nullable(),
});
export type KeyList = z.infer<typeof KeyList>;
