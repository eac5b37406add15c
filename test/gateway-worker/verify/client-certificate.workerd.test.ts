import {describe, expect, test} from 'vitest';
import {cloudflareCertificates} from '../../../gateway-worker/verify/certificate-source.ts';
import {FINGERPRINT} from '../support/credential-streams.ts';
import {expectProblem, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

/** As Cloudflare says it of a good certificate. */
const GOOD = {
  certPresented: '1',
  certVerified: 'SUCCESS',
  certRevoked: '0',
  certFingerprintSHA256: FINGERPRINT,
  certSerial: '00936EACBE07F201DF',
  certIssuerDN: 'CN=devices,O=Example',
};

const requestWith = (tlsClientAuth: unknown) => {
  const request = new Request('https://gateway.test/v1/streams/certified', {method: 'POST'});
  Object.defineProperty(request, 'cf', {value: {tlsClientAuth}});
  return request;
};

describe("Cloudflare's facts", () => {
  test('of a verified certificate that is not revoked are believed', () => {
    expect(cloudflareCertificates(requestWith(GOOD))).toEqual({
      fingerprint: FINGERPRINT,
      serial: '00936EACBE07F201DF',
      issuer: 'CN=devices,O=Example',
    });
  });

  test.each([
    ['a revoked one, though it is verified', {certRevoked: '1'}],
    ['one of which revocation is not known', {certRevoked: undefined}],
    ['one that failed', {certVerified: 'FAILED:self signed certificate'}],
    ['none', {certPresented: '0', certVerified: 'NONE'}],
    [
      'the local placeholder',
      {certPresented: '0', certVerified: 'NONE', certFingerprintSHA256: ''},
    ],
    ['booleans instead of texts', {certPresented: true, certRevoked: false}],
    ['no fingerprint', {certFingerprintSHA256: ''}],
    ['a SHA-1', {certFingerprintSHA256: 'ab'.repeat(20)}],
    ['no serial', {certSerial: ''}],
    ['no issuer', {certIssuerDN: ''}],
  ])('of %s are nothing', (_, changed) => {
    expect(cloudflareCertificates(requestWith({...GOOD, ...changed}))).toBeNull();
  });

  test.each([undefined, null, 'x', {}, []])('%j is nothing', (facts) => {
    expect(cloudflareCertificates(requestWith(facts))).toBeNull();
  });

  test('are not there at all where there is no Cloudflare', () => {
    const request = new Request('https://gateway.test/');
    expect(cloudflareCertificates(request)).toBeNull();
  });
});

const appWith = (fingerprint: string, serial = '01', extraEnv: Record<string, unknown> = {}) =>
  testApp({
    services: {certificates: () => ({fingerprint, serial, issuer: 'CN=devices'})},
    extraEnv,
  });
const send = (app: TestApp, stream: string, headers: Record<string, string> = {}) =>
  app.fetch(`/v1/streams/${stream}`, {
    method: 'POST',
    body: '{}',
    headers: {'content-type': 'application/json', ...headers},
  });

describe('a pinned certificate', () => {
  test('lets its device send to the streams that pin it', async () => {
    const app = await appWith(FINGERPRINT);
    expect((await send(app, 'certified')).status).toBe(202);
    await expectProblem(await send(app, 'certified-serials'), 403, 'forbidden');
    await expectProblem(await send(app, 'readings'), 403, 'forbidden');
  });

  test.each(['cd'.repeat(32), 'ef'.repeat(32)])(
    'may be one of a secret, in hex with colons or without: %s',
    async (fingerprint) => {
      expect((await send(await appWith(fingerprint), 'certified-serials')).status).toBe(202);
    },
  );

  test('names its device by its serial where the stream says so, and over a renewal', async () => {
    const both = {fingerprint: 'cd'.repeat(32), serial: 'AB', issuer: 'CN=devices'};
    const app = await testApp({services: {certificates: () => both}});
    const {gateway} = app;
    const request = new Request('https://gateway.test/');
    const env = {FOREBAY_SECRETS: JSON.stringify({PINNED: both.fingerprint})} as never;
    expect(gateway.clientCertificates.verify(request, env)).toMatchObject({
      kind: 'client-certificate',
      sender: 'certificate AB CN=devices',
    });
  });

  test('opens no admin route, and does not stand in for a wrong token', async () => {
    const app = await appWith(FINGERPRINT);
    await expectProblem(await app.fetch('/admin/v1/shards'), 401, 'unauthenticated');
    const authorization = 'Bearer fbd_wrong';
    const response = await send(app, 'certified', {authorization});
    await expectProblem(response, 401, 'unauthenticated');
  });

  test('that is not pinned is refused like no certificate', async () => {
    const response = await send(await appWith('00'.repeat(32)), 'certified');
    await expectProblem(response, 401, 'unauthenticated');
  });
});
