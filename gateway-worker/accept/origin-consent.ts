import type {WebhookOrigins} from '../../src/define/webhook-origins.ts';

/** RFC 1123 §2.1: a DNS name has no more. */
const MAX_ORIGIN_CHARS = 253;

/**
 * The answer to `OPTIONS` of a sender that asks whether it may deliver here: CloudEvents HTTP 1.1 Web Hooks §4. The
 * headers are the consent; an answer without them is none. `WebHook-Request-Callback` is never called: a gateway that
 * requests the URLs of strangers can be sent anywhere.
 * https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md#4-abuse-protection
 */
export function originConsent(headers: Headers, policy: WebhookOrigins | undefined): Response {
  const origin = headers.get('webhook-request-origin')?.toLowerCase();
  const isAllowed = origin !== undefined && policy !== undefined && allows(policy, origin);
  const consent: Readonly<Record<string, string>> = isAllowed
    ? {
        'webhook-allowed-origin': policy.allow === '*' ? '*' : origin,
        'webhook-allowed-rate': String(policy.requestsPerMinute ?? '*'),
      }
    : {};
  return new Response(null, {status: 200, headers: {allow: 'POST', ...consent}});
}

function allows({allow}: WebhookOrigins, origin: string): boolean {
  if (origin === '' || origin.length > MAX_ORIGIN_CHARS) return false;
  return allow === '*' || allow.some((name) => name.toLowerCase() === origin);
}
