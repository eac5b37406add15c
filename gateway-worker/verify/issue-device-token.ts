import type {DeviceTokenSource} from '../../src/define/credentials.ts';
import {
  deviceTokenKey,
  makeDeviceToken,
  MIN_HMAC_SECRET_CHARS,
} from '../../src/lib/device-token.ts';
import {IssueTokenRequest} from '../../src/protocol/devices.ts';
import type {IssuedToken} from '../../src/protocol/devices.ts';
import {readRequest} from '../admin/read-request.ts';
import {Problem, retryAfter} from '../answer/problem.ts';
import {recordAudit} from '../audit/record-audit.ts';
import {readSecret} from '../env.ts';
import {RETRY_AFTER_LONG_S} from '../limits.ts';
import type {Call} from '../route.ts';
import {issue} from '../validate/issue.ts';

const S = 1_000;

/** Derives a token from the first secret the streams have in common. It is in the answer and nowhere else. */
export async function issueDeviceToken(call: Call): Promise<Response> {
  const {device, stream, expiresAt} = await readRequest(call, IssueTokenRequest);
  const streams = typeof stream === 'string' ? [stream] : [...new Set(stream)];
  const nowMs = call.gateway.nowMs();
  const expiresMs = expiresAt === undefined ? null : Date.parse(expiresAt);
  if (expiresMs !== null && !(expiresMs > nowMs))
    throw refused('in-the-past', 'a token ends in the future', 'expiresAt');
  const key = await keyOf(call, streams);
  const issuedS = Math.floor(nowMs / S);
  const expiresS = expiresMs === null ? null : Math.floor(expiresMs / S);
  const token = await makeDeviceToken(key, {device, streams, issuedS, expiresS});
  const said = {
    device,
    streams,
    issuedAt: new Date(issuedS * S).toISOString(),
    expiresAt: expiresS === null ? null : new Date(expiresS * S).toISOString(),
  };
  await recordAudit(call, {
    action: 'device-token.issue',
    target: `device ${device}`,
    before: null,
    after: said,
  });
  return Response.json({token, ...said} satisfies IssuedToken, {
    status: 201,
    headers: {'cache-control': 'no-store'},
  });
}

async function keyOf({gateway, scope}: Call, streams: readonly string[]) {
  const sources = streams.map((name) => {
    const accept = gateway.streams.get(name)?.definition.accept ?? [];
    const source = accept.find(({kind}) => kind === 'device-token');
    if (source !== undefined) return source as DeviceTokenSource;
    throw refused('no-such-stream', `no stream ${name} takes device tokens`, 'stream');
  });
  const [first, ...others] = sources;
  const common = (first?.secrets ?? []).find(({secret}) =>
    others.every(({secrets}) => secrets.some((other) => other.secret === secret)),
  );
  if (common === undefined)
    throw refused('no-common-secret', 'these streams have no secret in common', 'stream');
  const text = readSecret(scope.env, common.secret);
  const key = text === null ? null : await deviceTokenKey(text);
  if (key !== null) return key;
  throw new Problem(
    'not-configured',
    `the secret ${common.secret} must be set and have at least ${MIN_HMAC_SECRET_CHARS} characters`,
    {headers: retryAfter(RETRY_AFTER_LONG_S)},
  );
}

function refused(code: string, detail: string, member: string): Problem {
  return new Problem('invalid-request', detail, {errors: [issue(code, detail, [member])]});
}
