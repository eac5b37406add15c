/** Deliveries signed as each provider does it, for the sources of webhook-streams.ts. */
import {hex, toBase64, utf8} from '../../../src/lib/bytes.ts';
import {WEBHOOK_SECRETS} from './webhook-streams.ts';

export const FORM = 'application/x-www-form-urlencoded';

export interface Signed {
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const nowS = () => String(Math.floor(Date.now() / 1_000));
export const marker = () => crypto.randomUUID();

export async function hmac(
  secret: string | Uint8Array,
  text: string | Uint8Array,
  hash = 'SHA-256',
) {
  const bytes = typeof secret === 'string' ? utf8(secret) : secret;
  const key = await crypto.subtle.importKey('raw', bytes, {name: 'HMAC', hash}, false, ['sign']);
  const digest = new Uint8Array(
    await crypto.subtle.sign('HMAC', key, typeof text === 'string' ? utf8(text) : text),
  );
  return {hex: hex(digest), base64: toBase64(digest)};
}

export const sign = {
  async standard(body: string, id: string, prefix = 'webhook'): Promise<Signed> {
    const key = Uint8Array.from(atob(WEBHOOK_SECRETS.STANDARD.slice(6)), (c) => c.charCodeAt(0));
    const time = nowS();
    const {base64} = await hmac(key, `${id}.${time}.${body}`);
    return {
      path: 'standard-webhooks',
      body,
      headers: {
        [`${prefix}-id`]: id,
        [`${prefix}-timestamp`]: time,
        [`${prefix}-signature`]: `v1,${base64}`,
      },
    };
  },
  async stripe(body: string, path = 'stripe', secret: string = WEBHOOK_SECRETS.STRIPE) {
    const time = nowS();
    const signature = await hmac(secret, `${time}.${body}`);
    return {path, body, headers: {'stripe-signature': `t=${time},v1=${signature.hex}`}};
  },
  async shopify(body: string, headers: Record<string, string>): Promise<Signed> {
    const {base64} = await hmac(WEBHOOK_SECRETS.SHOPIFY, body);
    return {path: 'shopify', body, headers: {...headers, 'x-shopify-hmac-sha256': base64}};
  },
  async slack(body: string, contentType = 'application/json'): Promise<Signed> {
    const time = nowS();
    const signature = await hmac(WEBHOOK_SECRETS.SLACK, `v0:${time}:${body}`);
    return {
      path: 'slack',
      body,
      headers: {
        'content-type': contentType,
        'x-slack-request-timestamp': time,
        'x-slack-signature': `v0=${signature.hex}`,
      },
    };
  },
  async twilio(fields: Record<string, string>, headers: Record<string, string> = {}) {
    const content = Object.keys(fields)
      .sort()
      .map((name) => name + fields[name]!)
      .join('');
    const url = 'https://hooks.example.com/twilio?room=7';
    const {base64} = await hmac(WEBHOOK_SECRETS.TWILIO, url + content, 'SHA-1');
    const body = new URLSearchParams(fields).toString();
    return {
      path: 'twilio?room=7',
      body,
      headers: {'content-type': FORM, 'x-twilio-signature': base64, ...headers},
    };
  },
  async zoom(body: string): Promise<Signed> {
    const time = nowS();
    const signature = await hmac(WEBHOOK_SECRETS.ZOOM, `v0:${time}:${body}`);
    return {
      path: 'zoom',
      body,
      headers: {'x-zm-request-timestamp': time, 'x-zm-signature': `v0=${signature.hex}`},
    };
  },
  async meta(body: string): Promise<Signed> {
    const signature = await hmac(WEBHOOK_SECRETS.META, body);
    return {path: 'meta', body, headers: {'x-hub-signature-256': `sha256=${signature.hex}`}};
  },
  async x(body: string): Promise<Signed> {
    const {base64} = await hmac(WEBHOOK_SECRETS.X, body);
    return {path: 'x', body, headers: {'x-twitter-webhooks-signature': `sha256=${base64}`}};
  },
  graph(body: string): Signed {
    return {path: 'microsoft-graph', body, headers: {}};
  },
  async acme(body: string, id: string, secret: string = WEBHOOK_SECRETS.ACME_NEW) {
    const time = String(Date.now());
    const signature = await hmac(secret, `${id}\n${time}\n${body}`, 'SHA-1');
    return {
      path: 'acme',
      body,
      headers: {
        'x-acme-delivery': id,
        'x-acme-time': time,
        'x-acme-signature': `sha1=${signature.hex}`,
      },
    };
  },
};
