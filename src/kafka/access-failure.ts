import {ForebayError, toError} from '../lib/errors.ts';

/** Why a cluster does not let this program in: not a fault of the network, and seldom one that waiting cures. */
export interface AccessFailure {
  readonly code: 'KAFKA_AUTHENTICATION_FAILED' | 'KAFKA_TOKEN_FAILED' | 'KAFKA_TLS_FAILED';
  readonly hint: string | undefined;
  readonly isRetryable: boolean;
}

/** OpenSSL's words for a certificate that is not trusted, as Node gives them in `code`. */
const UNTRUSTED = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
const MAX_PARTS = 1_000;

/** What `error` says about access, or any error it is made of. `isDenied` knows a client's own error for bad credentials. */
export function accessFailure(
  error: unknown,
  isDenied: (part: Error) => boolean,
): AccessFailure | undefined {
  const parts = partsOf(toError(error));
  for (const part of parts) {
    if (part instanceof ForebayError && part.code === 'KAFKA_TOKEN_FAILED') {
      return {code: 'KAFKA_TOKEN_FAILED', hint: part.hint, isRetryable: part.isRetryable};
    }
  }
  if (parts.some(isDenied)) {
    return {
      code: 'KAFKA_AUTHENTICATION_FAILED',
      hint: 'check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
      isRetryable: false,
    };
  }
  if (parts.some(isTlsFailure)) {
    return {
      code: 'KAFKA_TLS_FAILED',
      hint: 'check KAFKA_TLS, KAFKA_TLS_CA, KAFKA_TLS_CERT and KAFKA_TLS_KEY, and that KAFKA_BROKERS names the hosts the certificates are for',
      isRetryable: false,
    };
  }
  return undefined;
}

function isTlsFailure(part: Error & {readonly code?: unknown}): boolean {
  const {code} = part;
  return typeof code === 'string' && (UNTRUSTED.has(code) || code.startsWith('ERR_SSL_'));
}

/** An error, its causes, and what it gathers. */
function partsOf(error: Error): readonly Error[] {
  const parts: Error[] = [];
  const waiting: unknown[] = [error];
  while (waiting.length > 0 && parts.length < MAX_PARTS) {
    const part = waiting.pop();
    if (!(part instanceof Error)) continue;
    parts.push(part);
    waiting.push(part.cause, ...(part instanceof AggregateError ? part.errors : []));
  }
  return parts;
}
