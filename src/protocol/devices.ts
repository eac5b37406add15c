/** Admin routes of a gateway for devices that send by derived tokens. Changes: 1 first version. */
import * as z from 'zod';
import {DEVICE_ID, MAX_STREAMS_PER_TOKEN} from '../lib/device-token.ts';

export const REVOCATIONS_PAGE_DEFAULT = 100;
export const REVOCATIONS_PAGE_MAX = 1_000;

const Device = z.string().regex(DEVICE_ID);
const StreamName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);

/** `POST /admin/v1/device-tokens` */
export const IssueTokenRequest = z.strictObject({
  device: Device,
  /** Streams that take the tokens of one secret. */
  stream: z.union([StreamName, z.array(StreamName).min(1).max(MAX_STREAMS_PER_TOKEN)]),
  /** RFC 3339; without it the token is good until its device is revoked or its secret taken out. */
  expiresAt: z.iso.datetime({offset: true}).optional(),
});

export const IssuedToken = z.object({
  /** Shown in this answer, and kept nowhere. */
  token: z.string(),
  device: z.string(),
  streams: z.array(z.string()),
  issuedAt: z.string(),
  expiresAt: z.string().nullable(),
});
export type IssuedToken = z.infer<typeof IssuedToken>;

/** `POST /admin/v1/device-revocations` */
export const RevokeDeviceRequest = z.strictObject({
  device: Device,
  /** RFC 3339: only tokens issued before that; without it all of the device, also later ones. */
  issuedBefore: z.iso.datetime({offset: true}).optional(),
});

export const RevocationView = z.object({
  device: z.string(),
  issuedBefore: z.string().nullable(),
  revokedAt: z.string(),
});
export type RevocationView = z.infer<typeof RevocationView>;

/** `GET /admin/v1/device-revocations?limit=&cursor=` */
export const RevocationList = z.object({
  revocations: z.array(RevocationView),
  /** Of the next page; `null` after the last. */
  cursor: z.string().nullable(),
});
export type RevocationList = z.infer<typeof RevocationList>;
