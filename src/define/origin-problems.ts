import type {WebhookOrigins} from './webhook-origins.ts';

const ORIGIN = /^[A-Za-z0-9.:-]{1,253}$/;

/** Every problem of a consent, as sentences. */
export function originProblems({allow, requestsPerMinute = 1}: WebhookOrigins): string[] {
  const hasNames = allow === '*' || (allow.length > 0 && allow.every((name) => ORIGIN.test(name)));
  const hasRate = Number.isSafeInteger(requestsPerMinute) && requestsPerMinute >= 1;
  return [
    ...(hasNames ? [] : ["allow must be '*' or name at least one DNS name"]),
    ...(hasRate
      ? []
      : [`requestsPerMinute must be a whole number above 0, not ${requestsPerMinute}`]),
  ];
}
