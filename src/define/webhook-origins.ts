/** Which senders that ask before they deliver (CloudEvents HTTP webhooks §4) are told that they may. */
export interface WebhookOrigins {
  /** DNS names as senders give them in `WebHook-Request-Origin`, or any. */
  readonly allow: readonly string[] | '*';
  /** What they are asked to keep to; not enforced, as quotas of keys are. Without it there is no limit. */
  readonly requestsPerMinute?: number;
}
