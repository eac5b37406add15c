import {KeyList, KeyView, MadeKey} from '../../src/protocol/keys.ts';
import {REQUEST_PROBLEMS} from '../admin/read-request.ts';
import type {Route} from '../route.ts';
import {createKey, revokeKey, rotateKey} from './change-keys.ts';
import {listKeys, showKey} from './show-keys.ts';

export const keyRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/admin/v1/keys',
    access: 'admin',
    operation: {
      summary: 'Make an API key; it is shown in this answer and never again',
      takes: ['application/json'],
      answers: {201: {description: 'The key, once', schema: MadeKey}},
      problems: [...REQUEST_PROBLEMS, 'conflict', 'unavailable'],
    },
    handle: createKey,
  },
  {
    method: 'GET',
    path: '/admin/v1/keys',
    access: 'admin',
    operation: {
      summary: 'List API keys, revoked ones too, without anything they could be used by',
      answers: {200: {description: 'A page of keys', schema: KeyList}},
      problems: ['invalid-request', 'unavailable'],
    },
    handle: listKeys,
  },
  {
    method: 'GET',
    path: '/admin/v1/keys/:id',
    access: 'admin',
    operation: {
      summary: 'Show one API key',
      answers: {200: {description: 'The key without its secret', schema: KeyView}},
      problems: ['not-found', 'unavailable'],
    },
    handle: showKey,
  },
  {
    method: 'POST',
    path: '/admin/v1/keys/:id/rotate',
    access: 'admin',
    operation: {
      summary: 'Give a key another secret; the one before lives on for the overlap',
      takes: ['application/json'],
      answers: {200: {description: 'The key with its new secret, once', schema: MadeKey}},
      problems: [...REQUEST_PROBLEMS, 'not-found', 'conflict', 'unavailable'],
    },
    handle: rotateKey,
  },
  {
    method: 'DELETE',
    path: '/admin/v1/keys/:id',
    access: 'admin',
    operation: {
      summary: 'Revoke a key; revoking it again changes nothing',
      answers: {200: {description: 'The revoked key', schema: KeyView}},
      problems: ['not-found', 'conflict', 'unavailable'],
    },
    handle: revokeKey,
  },
];
