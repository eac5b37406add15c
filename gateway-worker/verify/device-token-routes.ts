import {IssuedToken, RevocationList, RevocationView} from '../../src/protocol/devices.ts';
import {REQUEST_PROBLEMS} from '../admin/read-request.ts';
import type {Route} from '../route.ts';
import {issueDeviceToken} from './issue-device-token.ts';
import {listRevocations, restoreDevice, revokeDevice} from './revocations/revocation-requests.ts';

export const deviceTokenRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/admin/v1/device-tokens',
    access: 'admin',
    operation: {
      summary: 'Derive a token for a device; it is shown in this answer and kept nowhere',
      takes: ['application/json'],
      answers: {201: {description: 'The token, once', schema: IssuedToken}},
      problems: [...REQUEST_PROBLEMS, 'unavailable'],
    },
    handle: issueDeviceToken,
  },
  {
    method: 'POST',
    path: '/admin/v1/device-revocations',
    access: 'admin',
    operation: {
      summary: 'Refuse tokens of a device from now on: all, or those issued before a time',
      takes: ['application/json'],
      answers: {201: {description: 'The revocation that holds now', schema: RevocationView}},
      problems: [...REQUEST_PROBLEMS, 'conflict', 'unavailable'],
    },
    handle: revokeDevice,
  },
  {
    method: 'GET',
    path: '/admin/v1/device-revocations',
    access: 'admin',
    operation: {
      summary: 'List revoked devices, by id',
      answers: {200: {description: 'A page of revocations', schema: RevocationList}},
      problems: ['invalid-request', 'unavailable'],
    },
    handle: listRevocations,
  },
  {
    method: 'DELETE',
    path: '/admin/v1/device-revocations',
    access: 'admin',
    operation: {
      summary: 'Take back the revocation of the device in the query: ?device=ID',
      answers: {204: {description: 'Its tokens are good again'}},
      problems: ['invalid-request', 'not-found', 'unavailable'],
    },
    handle: restoreDevice,
  },
];
