import {traceContextOf} from '../accept/trace-context.ts';
import type {Call} from '../route.ts';
import {must} from '../../src/lib/assert.ts';
import type {AuditOrigin} from './audit-draft.ts';

/** Longer is no request id and no address. */
const MAX_HEADER_CHARS = 64;

/**
 * Who makes an admin request; it was let in by its key, so that is known. `cf-ray` and `cf-connecting-ip` are
 * Cloudflare's: before a self-hosted gateway its proxy has to set them, or clear them.
 */
export function auditOriginOf({gateway, request, grant}: Call): AuditOrigin {
  const {headers} = request;
  return {
    actor: must(grant, 'an admin route has let somebody in').sender,
    traceparent: traceContextOf(headers, gateway.randomBytes).traceparent,
    requestId: shortHeader(headers, 'cf-ray'),
    ip: shortHeader(headers, 'cf-connecting-ip'),
  };
}

function shortHeader(headers: Headers, name: string): string | null {
  return headers.get(name)?.slice(0, MAX_HEADER_CHARS) ?? null;
}
