import {isJsonObject} from '../../src/lib/is-json-object.ts';

/** A client certificate the platform has verified, and has not found revoked. */
export interface ClientCertificate {
  /** SHA-256 of the certificate in lower-case hex. */
  readonly fingerprint: string;
  readonly serial: string;
  /** Distinguished name. */
  readonly issuer: string;
}

/** Where the facts of a connection's certificate come from; `null` for none that may be believed. */
export type CertificateSource = (request: Request) => ClientCertificate | null;

const FINGERPRINT = /^[0-9a-f]{64}$/;
const SERIAL = /^[0-9A-Fa-f]{1,64}$/;
const MAX_NAME_CHARS = 1_024;

/**
 * Cloudflare's mTLS, https://developers.cloudflare.com/ssl/client-certificates/. `certVerified` is SUCCESS for a revoked
 * certificate, too. Without mTLS on the host name, and locally, everything there says so: nobody is let in.
 */
export const cloudflareCertificates: CertificateSource = (request) => {
  const cf: unknown = request.cf;
  const auth = isJsonObject(cf) && isJsonObject(cf['tlsClientAuth']) ? cf['tlsClientAuth'] : {};
  if (auth['certPresented'] !== '1' || auth['certVerified'] !== 'SUCCESS') return null;
  if (auth['certRevoked'] !== '0') return null;
  const {certFingerprintSHA256: sha256, certSerial: serial, certIssuerDN: issuer} = auth;
  const fingerprint = typeof sha256 === 'string' ? sha256.replaceAll(':', '').toLowerCase() : '';
  if (!FINGERPRINT.test(fingerprint) || typeof serial !== 'string' || !SERIAL.test(serial))
    return null;
  if (typeof issuer !== 'string' || issuer === '' || issuer.length > MAX_NAME_CHARS) return null;
  return {fingerprint, serial: serial.toUpperCase(), issuer};
};
