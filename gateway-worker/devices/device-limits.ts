/** Objects of a stream's sockets, and of all MQTT connections: one takes about 1,000 frames a second. */
export const OBJECTS_PER_STREAM = 64;
export const MQTT_OBJECTS = 256;
/** Of one object; the platform's own limit is 32,768. */
export const MAX_SOCKETS = 10_000;
/** Unstored bytes of all sockets of one object: its memory is 128 MB, shared with other objects. */
export const MAX_OBJECT_BYTES = 32_000_000;
/** Unstored bytes of one socket: the credit of forebay.v1, and what MQTT, which has no such thing, may have unanswered. */
export const MAX_SOCKET_BYTES = 4_194_304;
/** What even an empty frame or packet costs of the two above: the objects that stand for it. */
export const MIN_ITEM_BYTES = 64;
/** An event of the largest size in its envelope. */
export const MAX_FRAME_BYTES = 1_114_112;
export const MAX_FRAME_EVENTS = 1_000;
/** Of forebay.v1, unanswered at once on one socket. */
export const MAX_FRAMES = 64;
/** Frames that cannot be read, until the socket is closed. */
export const MAX_FRAME_ERRORS = 10;
/** A socket on which nothing comes for so long is closed. */
export const IDLE_MS = 3_600_000;
/** Credentials are looked at again on the first frame after so long. */
export const RECHECK_MS = 30_000;
/** Credentials are kept with the socket, whose attachment takes 16 KB. */
export const MAX_TOKEN_CHARS = 8_192;
export const MAX_CLIENT_CHARS = 256;
/** A socket's last sign of life is written down when it is older than this; also slack of every deadline. */
export const SEEN_STEP_MS = 5_000;
/** Between two looks at all sockets of an object. */
export const MIN_SWEEP_MS = 10_000;
export const RETRY_AFTER_MS = 1_000;
/** When a buffer is full: Kafka has to take something first. */
export const RETRY_AFTER_FULL_MS = 5_000;
