import {signingSecret} from '../../../gateway-worker/verify/webhook-signature.ts';
import {
  github,
  meta,
  secret,
  shopify,
  slack,
  standardWebhooks,
  stripe,
  twilio,
  x,
  zoom,
} from '../../../src/define/index.ts';
import type {WebhookScheme} from '../../../src/define/webhook-scheme.ts';
import {utf8} from '../../../src/lib/bytes.ts';

export const one = {secret: secret('ONE')};
export const NOW_S = 1_614_265_330;

export interface Sent {
  readonly scheme: WebhookScheme;
  readonly secrets: Readonly<Record<string, string>>;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly nowS?: number;
}

/** Which secret signed it; `null` for none. */
export async function signedBy(sent: Sent): Promise<string | null> {
  const {scheme, secrets, body, headers, url = 'https://gateway.test/', nowS = NOW_S} = sent;
  if (scheme.proof.kind !== 'signature') throw new Error('the scheme has no signature');
  return signingSecret(
    scheme.proof,
    {headers: new Headers(headers), url, body: utf8(body), receivedMs: nowS * 1_000 + 999},
    (name) => secrets[name] ?? null,
  );
}

/** The bodies, secrets and signatures of the providers' own documentation where they publish any; else by their formula. */
export const VECTORS: Readonly<Record<string, Sent>> = {
  'Standard Webhooks': {
    scheme: standardWebhooks(one),
    secrets: {ONE: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'},
    body: '{"test": 2432232314}',
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
  },
  Svix: {
    scheme: standardWebhooks(one),
    secrets: {ONE: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'},
    body: '{"test": 2432232314}',
    headers: {
      'svix-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'svix-timestamp': '1614265330',
      'svix-signature': 'v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,unknown',
    },
  },
  GitHub: {
    scheme: github(one),
    secrets: {ONE: "It's a Secret to Everybody"},
    body: 'Hello, World!',
    headers: {
      'x-hub-signature-256':
        'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    },
  },
  Meta: {
    scheme: meta({...one, verifyToken: secret('WORD')}),
    secrets: {ONE: "It's a Secret to Everybody"},
    body: 'Hello, World!',
    headers: {
      'x-hub-signature-256':
        'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    },
  },
  Stripe: {
    scheme: stripe(one),
    secrets: {ONE: 'whsec_test_secret'},
    body: '{"id":"evt_1"}',
    headers: {
      'stripe-signature':
        't=1614265330,v1=00,v1=e135cdbed3dda004bf8a2fb350f2541d299393c770e0b9e6e319dc595e9072aa,v0=6ff',
    },
  },
  Shopify: {
    scheme: shopify(one),
    secrets: {ONE: 'hush'},
    body: '{"id":1}',
    headers: {'x-shopify-hmac-sha256': 'VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY='},
  },
  Slack: {
    scheme: slack(one),
    secrets: {ONE: '8f742231b10e8888abcd99yyyzzz85a5'},
    body: 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    headers: {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
    nowS: 1_531_420_618,
  },
  Twilio: {
    scheme: twilio(one),
    secrets: {ONE: '12345'},
    url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
    body: 'To=%2B18005551212&Caller=%2B14158675309&CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309',
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
    },
  },
  Zoom: {
    scheme: zoom(one),
    secrets: {ONE: 'zoomsecret'},
    body: '{"event":"x"}',
    headers: {
      'x-zm-request-timestamp': '1614265330',
      'x-zm-signature': 'v0=b909616d88f54a5ccd8b4ea6dbc3d1c7b94e8ffae21efa953d6068268890dff0',
    },
  },
  X: {
    scheme: x(one),
    secrets: {ONE: 'consumersecret'},
    body: 'crctoken',
    headers: {
      'x-twitter-webhooks-signature': 'sha256=aNdmviqosschF8y/i1YT/+lEIfqxMMdJt5So0PbxwGo=',
    },
  },
};
