/** What one request may be. Decompressed and compressed size have the same bound. */
export const MAX_REQUEST_BYTES = 10_485_760;
export const MAX_REQUEST_EVENTS = 10_000;
/** Nesting of arrays and objects, checked before anything recursive sees the event. */
export const MAX_DEPTH = 64;
/** UTF-8. */
export const MAX_KEY_BYTES = 1_024;
export const MAX_ID_CHARS = 256;
export const MAX_EVENT_TYPE_CHARS = 256;
/** W3C Trace Context §3.3.1.5 asks for at least 512. */
export const MAX_TRACESTATE_CHARS = 512;
/** Of one event, and of one answer's `errors`. */
export const MAX_ISSUES = 10;
/** After so many rejected events an answer names one issue of each. */
export const MAX_EVENTS_IN_DETAIL = 100;
export const MAX_ISSUE_CHARS = 300;
/** A request that is not finished by then ends: the body that trickles, the shard that does not answer. */
export const REQUEST_DEADLINE_MS = 15_000;
/** What a sender is asked to wait when the gateway cannot say better. */
export const RETRY_AFTER_S = 1;
/** When a buffer is full: Kafka has to take something first. */
export const RETRY_AFTER_FULL_S = 5;
/** For what a person has to mend, like a missing secret. */
export const RETRY_AFTER_LONG_S = 30;
