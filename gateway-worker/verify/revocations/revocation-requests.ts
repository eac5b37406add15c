import {
  REVOCATIONS_PAGE_DEFAULT,
  REVOCATIONS_PAGE_MAX,
  RevokeDeviceRequest,
} from '../../../src/protocol/devices.ts';
import type {RevocationList, RevocationView} from '../../../src/protocol/devices.ts';
import {DEVICE_ID} from '../../../src/lib/device-token.ts';
import {callObject} from '../../admin/call-object.ts';
import {queryInteger} from '../../admin/query-integer.ts';
import {readRequest} from '../../admin/read-request.ts';
import {Problem} from '../../answer/problem.ts';
import {recordAudit} from '../../audit/record-audit.ts';
import type {Call} from '../../route.ts';
import {MAX_REVOCATIONS, REVOCATIONS_NAME} from './revocations-object.ts';
import type {Revocation, RevocationsObject} from './revocations-object.ts';

export async function revokeDevice(call: Call): Promise<Response> {
  const {device, issuedBefore} = await readRequest(call, RevokeDeviceRequest);
  const issuedBeforeMs = issuedBefore === undefined ? null : Date.parse(issuedBefore);
  const revocation: Revocation = {device, issuedBeforeMs, revokedMs: call.gateway.nowMs()};
  const after = viewOf(revocation);
  await recordAudit(call, {
    action: 'device.revoke',
    target: `device ${device}`,
    before: null,
    after,
  });
  const revoked = await callRevocations(call, async (object): Promise<Revocation | 'full'> =>
    object.revoke(revocation),
  );
  if (revoked === 'full') {
    throw new Problem(
      'conflict',
      `${MAX_REVOCATIONS} devices are revoked; change the secret of the tokens instead`,
    );
  }
  return Response.json(viewOf(revoked), {status: 201});
}

export async function listRevocations(call: Call): Promise<Response> {
  const {searchParams} = new URL(call.request.url);
  const limit = queryInteger(searchParams, 'limit', {
    min: 1,
    max: REVOCATIONS_PAGE_MAX,
    or: REVOCATIONS_PAGE_DEFAULT,
  });
  const after = searchParams.get('cursor') ?? '';
  if (after !== '' && !DEVICE_ID.test(after))
    throw new Problem('invalid-request', 'the cursor is not one of an earlier answer');
  const found = await callRevocations(call, async (object): Promise<readonly Revocation[]> =>
    object.list({after, limit}),
  );
  const list: RevocationList = {
    revocations: found.map(viewOf),
    cursor: found.length === limit ? found.at(-1)!.device : null,
  };
  return Response.json(list);
}

/** In the query, for a device's id is no secret and may hold a slash. */
export async function restoreDevice(call: Call): Promise<Response> {
  const device = new URL(call.request.url).searchParams.get('device') ?? '';
  if (!DEVICE_ID.test(device))
    throw new Problem('invalid-request', 'name the device: ?device=ID, percent-encoded');
  await recordAudit(call, {
    action: 'device.restore',
    target: `device ${device}`,
    before: null,
    after: null,
  });
  if (await callRevocations(call, (object) => object.restore(device)))
    return new Response(null, {status: 204});
  throw new Problem('not-found', 'this device is not revoked');
}

function callRevocations<Result>(
  call: Call,
  ask: (object: DurableObjectStub<RevocationsObject>) => PromiseLike<Result>,
): Promise<Result> {
  const {env} = call.scope;
  return callObject(call, 'the list of revoked devices', () =>
    ask(env.DEVICE_REVOCATIONS.getByName(REVOCATIONS_NAME)),
  );
}

function viewOf({device, issuedBeforeMs, revokedMs}: Revocation): RevocationView {
  return {
    device,
    issuedBefore: issuedBeforeMs === null ? null : new Date(issuedBeforeMs).toISOString(),
    revokedAt: new Date(revokedMs).toISOString(),
  };
}
