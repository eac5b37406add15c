import type {ClientCertificateSource} from '../../src/define/credentials.ts';
import type {AnyStream} from '../../src/define/stream.ts';
import {readSecret} from '../env.ts';
import type {Env} from '../env.ts';
import {writeScopes} from './grant.ts';
import type {CertificateSource, ClientCertificate} from './certificate-source.ts';
import {NOT_CONFIGURED} from './verdict.ts';
import type {Verdict} from './verdict.ts';

const FINGERPRINT = /^[0-9a-f]{64}$/;
/** Of one secret; what is beyond it is not read. */
const MAX_FINGERPRINTS = 10_000;

export interface ClientCertificatesOptions {
  readonly streams: readonly AnyStream[];
  readonly certificates: CertificateSource;
}

interface Pinned {
  readonly stream: string;
  readonly source: ClientCertificateSource;
}

/** Senders known by the certificate of their connection. */
export class ClientCertificates {
  readonly #certificates: CertificateSource;
  readonly #pinned: readonly Pinned[];
  /** By the name of the secret, or by the list itself: as many as the definition has. */
  readonly #parsed = new Map<string, {readonly text: string; readonly list: ReadonlySet<string>}>();

  constructor({streams, certificates}: ClientCertificatesOptions) {
    this.#certificates = certificates;
    this.#pinned = streams.flatMap(({name, accept}) =>
      accept.flatMap((source) =>
        source.kind === 'client-certificate' ? [{stream: name, source}] : [],
      ),
    );
  }

  isConfigured(env: Env): boolean {
    return this.#pinned.some(({source}) => this.#fingerprintsOf(source, env) !== null);
  }

  verify(request: Request, env: Env): Verdict {
    if (this.#pinned.length === 0) return null;
    const certificate = this.#certificates(request);
    if (certificate === null) return null;
    const lists = this.#pinned.map(({stream, source}) => {
      const fingerprints = this.#fingerprintsOf(source, env);
      return {stream, source, fingerprints};
    });
    if (lists.every(({fingerprints}) => fingerprints === null)) return NOT_CONFIGURED;
    const known = lists.filter(({fingerprints}) => fingerprints?.has(certificate.fingerprint));
    const [first] = known;
    if (first === undefined) return null;
    return {
      kind: 'client-certificate',
      sender: senderOf(certificate, first.source),
      scopes: writeScopes(known.map(({stream}) => stream)),
      quota: undefined,
    };
  }

  #fingerprintsOf({fingerprints}: ClientCertificateSource, env: Env): ReadonlySet<string> | null {
    const isSecret = 'secret' in fingerprints;
    const text = isSecret ? readSecret(env, fingerprints.secret) : fingerprints.join(' ');
    if (text === null) return null;
    const name = isSecret ? fingerprints.secret : text;
    const known = this.#parsed.get(name);
    if (known?.text === text) return known.list;
    const list = parseFingerprints(text);
    this.#parsed.set(name, {text, list});
    return list;
  }
}

/** Hex, also with colons as OpenSSL prints it; what is no fingerprint is left out. */
export function parseFingerprints(text: string): ReadonlySet<string> {
  const items = text.toLowerCase().split(/[\s,]+/, MAX_FINGERPRINTS);
  return new Set(
    items.map((item) => item.replaceAll(':', '')).filter((item) => FINGERPRINT.test(item)),
  );
}

/** A serial number is one certificate authority's (RFC 5280 §4.1.2.2). */
function senderOf(
  {fingerprint, serial, issuer}: ClientCertificate,
  {device}: ClientCertificateSource,
): string {
  return device === 'serial' ? `certificate ${serial} ${issuer}` : `certificate ${fingerprint}`;
}
