/**
 * Device tokens: `fbd_<claims>.<mac>`, both base64url without padding (RFC 4648 §5).
 *
 *   claims  JSON: [1, device, [stream, …], issued, expires | null], times in whole seconds since the epoch
 *   mac     HMAC-SHA-256 by the secret over everything before the dot, prefix included
 *
 * The token is all there is to know of the device: nothing is looked up, and nothing in it is secret but the mac. Only
 * one text has the mac of these claims: what is not written exactly this way is refused.
 */
import {assert} from './assert.ts';
import {fromBase64, fromUtf8, toBase64, utf8} from './bytes.ts';

export const DEVICE_TOKEN_PREFIX = 'fbd_';
export const MAX_DEVICE_TOKEN_CHARS = 2_048;
/** Of any secret that tokens are signed with: HMAC-SHA-256 has 256 bits, and a shorter secret is the easier way in. */
export const MIN_HMAC_SECRET_CHARS = 32;
export const MAX_STREAMS_PER_TOKEN = 16;
/** Printable, without spaces: it becomes a part of the sender's name. */
export const DEVICE_ID = /^[\x21-\x7e]{1,128}$/;
const STREAM_NAME = /^[a-z][a-z0-9-]{0,62}$/;
const VERSION = 1;
const MAC_BYTES = 32;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
/** Year 9999: beyond it a time is a mistake. */
const MAX_TIME_S = 253_402_300_799;

export interface DeviceClaims {
  readonly device: string;
  /** What it may send to. */
  readonly streams: readonly string[];
  readonly issuedS: number;
  /** `null`: never, until its secret is taken out or the device is revoked. */
  readonly expiresS: number | null;
}

/** A token taken apart, and not yet believed. */
export interface ParsedDeviceToken {
  /** What the mac is over; one and the same for all tokens of these claims. */
  readonly signed: string;
  readonly mac: Uint8Array;
}

/** A key for HMAC-SHA-256; each runtime has a type of its own for it. */
export type DeviceTokenKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** HMAC key of a secret; `null` when the secret is too short to be one. */
export async function deviceTokenKey(secret: string): Promise<DeviceTokenKey | null> {
  if (secret.length < MIN_HMAC_SECRET_CHARS) return null;
  const bytes = new Uint8Array(utf8(secret));
  return crypto.subtle.importKey('raw', bytes, {name: 'HMAC', hash: 'SHA-256'}, false, [
    'sign',
    'verify',
  ]);
}

export async function makeDeviceToken(key: DeviceTokenKey, claims: DeviceClaims): Promise<string> {
  assert(areClaims(claims), `a device is ${DEVICE_ID}, its streams 1 to ${MAX_STREAMS_PER_TOKEN}`);
  const {device, streams, issuedS, expiresS} = claims;
  const json = JSON.stringify([VERSION, device, streams, issuedS, expiresS]);
  const signed = `${DEVICE_TOKEN_PREFIX}${toBase64Url(utf8(json))}`;
  const mac = await crypto.subtle.sign('HMAC', key, new Uint8Array(utf8(signed)));
  const token = `${signed}.${toBase64Url(new Uint8Array(mac))}`;
  assert(token.length <= MAX_DEVICE_TOKEN_CHARS, 'claims are bounded, so tokens are');
  return token;
}

/** @returns `null` for what has not the form of a device token */
export function parseDeviceToken(token: string): ParsedDeviceToken | null {
  if (token.length > MAX_DEVICE_TOKEN_CHARS || !token.startsWith(DEVICE_TOKEN_PREFIX)) return null;
  const dot = token.indexOf('.');
  if (dot < 0) return null;
  const mac = fromBase64Url(token.slice(dot + 1));
  return mac?.byteLength === MAC_BYTES ? {signed: token.slice(0, dot), mac} : null;
}

/** Whether the token is of this secret's making. The comparison is the platform's, in constant time. */
export function isDeviceTokenOf(
  key: DeviceTokenKey,
  {signed, mac}: ParsedDeviceToken,
): Promise<boolean> {
  return crypto.subtle.verify('HMAC', key, new Uint8Array(mac), new Uint8Array(utf8(signed)));
}

/** What a token says. Read it after its mac was verified: before that anyone may have written it. */
export function deviceClaims({signed}: ParsedDeviceToken): DeviceClaims | null {
  const bytes = fromBase64Url(signed.slice(DEVICE_TOKEN_PREFIX.length));
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(fromUtf8(bytes));
    if (!Array.isArray(value) || value.length !== 5 || value[0] !== VERSION) return null;
    const [, device, streams, issuedS, expiresS] = value as unknown[];
    const claims = {device, streams, issuedS, expiresS};
    return areClaims(claims) ? claims : null;
  } catch {
    return null;
  }
}

function areClaims(claims: Readonly<Record<keyof DeviceClaims, unknown>>): claims is DeviceClaims {
  const {device, streams, issuedS, expiresS} = claims;
  return (
    typeof device === 'string' &&
    DEVICE_ID.test(device) &&
    Array.isArray(streams) &&
    streams.length >= 1 &&
    streams.length <= MAX_STREAMS_PER_TOKEN &&
    streams.every((name) => typeof name === 'string' && STREAM_NAME.test(name)) &&
    isTime(issuedS) &&
    (expiresS === null || isTime(expiresS))
  );
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TIME_S;
}

function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Strict: of several texts that decode to the same bytes only the one that encoding makes. */
function fromBase64Url(text: string): Uint8Array | null {
  if (!BASE64URL.test(text)) return null;
  const padded = text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat(-text.length & 3);
  const bytes = fromBase64(padded);
  return bytes !== null && toBase64Url(bytes) === text ? bytes : null;
}
