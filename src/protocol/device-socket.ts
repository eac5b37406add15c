/**
 * `forebay.v1`: events from devices that stay connected, over one WebSocket per device. All frames are text.
 *
 *   device  ── GET /v1/streams/{stream}/socket, Sec-WebSocket-Protocol: forebay.v1, Authorization: Bearer KEY ──▶ gateway
 *   gateway ── {"welcome": {version, credit, maxFrameBytes, maxFrameEvents, maxFrames}} ──▶ device
 *   device  ── {"id"?, "event": …} or an array of them ──▶ gateway
 *   gateway ── {"ack", "rejected", "retry", "retryAfterMs"?, "credit"} ──▶ device      when what it says is durable
 *   device  ── {"resend": true} ──▶ gateway
 *   gateway ── {"error": {code, detail}, "credit"} ──▶ device                          for a frame that cannot be read
 *
 * - Every frame of the device gets one answer, in the order of the frames. `ack` has the ids of what is stored, in the
 *   order of the frame, with a made one where the device gave none. `index` counts the events of the frame.
 * - The same id from the same sender again is the same event: after a lost connection a device sends what was not
 *   answered again under the same ids, and what was stored is acknowledged a second time and stored once.
 * - `credit` is what the device may have unanswered: bytes (UTF-8) of frames. A frame costs its length; its answer gives
 *   that back. A new connection begins with a credit anew. Who sends more is closed with 4002.
 * - Order: what follows an event that could not be stored must not overtake it. So after an answer with `retry` every
 *   further event is answered `retry`, unread, until the device says `{"resend": true}` (or connects anew) and sends what
 *   is to be tried again, and what came after it, in its own order. It should wait `retryAfterMs` first.
 * - A U+FFFD stands for ill-formed UTF-8, so a frame with one is refused; one that is meant is written `\ufffd`.
 * - A device that has nothing to send keeps the connection open with the text `ping`; the answer is `pong`.
 *
 * Changes: 1 first version.
 */
import * as z from 'zod';

export const DEVICE_SOCKET_VERSION = 1;
export const DEVICE_SUBPROTOCOL = 'forebay.v1';

/** WebSocket close codes (RFC 6455 §7.4.2: 4000–4999 are for private use). */
export const CLOSE_CREDENTIALS = 4001;
export const CLOSE_CREDIT_EXCEEDED = 4002;
export const CLOSE_IDLE = 4003;
/** RFC 6455 §7.4.1 and the IANA registry. */
export const CLOSE_NORMAL = 1000;
export const CLOSE_UNSUPPORTED_DATA = 1003;
export const CLOSE_POLICY_VIOLATION = 1008;
export const CLOSE_TOO_BIG = 1009;
export const CLOSE_TRY_AGAIN_LATER = 1013;

export const PING = 'ping';
export const PONG = 'pong';

export const MAX_DEVICE_ID_CHARS = 256;

/** One event on its way in. `event` may be any JSON value; the stream's schema judges it. */
export const DeviceEvent = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(MAX_DEVICE_ID_CHARS, {abort: true})
    .refine((id) => id.isWellFormed(), 'half a surrogate pair')
    .optional(),
  event: z.unknown().refine((event) => event !== undefined, 'there is no event'),
});

export const Resend = z.strictObject({resend: z.literal(true)});

export const DeviceWelcome = z.object({
  welcome: z.object({
    version: z.int(),
    credit: z.int(),
    maxFrameBytes: z.int(),
    maxFrameEvents: z.int(),
    /** Unanswered at once. */
    maxFrames: z.int(),
  }),
});
export type DeviceWelcome = z.infer<typeof DeviceWelcome>;

export const DeviceAnswer = z.object({
  /** `null`: stored among the stream's rejected events, whose own id could not be read. */
  ack: z.array(z.string().nullable()),
  rejected: z.array(
    z.object({
      index: z.int(),
      id: z.string().optional(),
      errors: z.array(z.object({pointer: z.string(), detail: z.string(), code: z.string()})),
    }),
  ),
  retry: z.array(z.object({index: z.int(), id: z.string().optional()})),
  retryAfterMs: z.int().optional(),
  credit: z.int(),
});
export type DeviceAnswer = z.infer<typeof DeviceAnswer>;

export const DeviceError = z.object({
  error: z.object({code: z.string(), detail: z.string()}),
  credit: z.int(),
});
export type DeviceError = z.infer<typeof DeviceError>;
