import type {HandshakeAnswer} from '../../../src/define/webhook-scheme.ts';
import {hex, toBase64, utf8} from '../../../src/lib/bytes.ts';
import {Problem} from '../../answer/problem.ts';

/** Of a token that is only repeated; Microsoft's are sentences. */
const MAX_ECHO_CHARS = 2_048;
/**
 * Of a token that is signed, perhaps for a stranger and with the key that signs deliveries: letters of which no JSON
 * object and no `v0:<time>:` can be made, so the answer is never the signature of a delivery.
 */
const TOKEN_TO_SIGN = /^[A-Za-z0-9+/=_-]{1,256}$/;

export interface HandshakeToAnswer {
  readonly token: unknown;
  /** What the HMAC is made with. */
  readonly secret: string;
}

/** @throws Problem `invalid-delivery` when the token is none */
export async function handshakeAnswer(
  answer: HandshakeAnswer,
  {token, secret}: HandshakeToAnswer,
): Promise<Response> {
  if (answer === 'echo') {
    if (typeof token !== 'string' || token === '' || token.length > MAX_ECHO_CHARS)
      throw noToken(`a token to repeat has 1 to ${MAX_ECHO_CHARS} characters`);
    // A stranger may have chosen the text: it must never be taken for a page.
    return new Response(token, {
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
      },
    });
  }
  if (typeof token !== 'string' || !TOKEN_TO_SIGN.test(token))
    throw noToken('a token to sign has 1 to 256 letters, digits and signs of base64');
  const {hmacAs, prefix, encoding, tokenAs} = answer;
  const digest = await hmacSha256(secret, token);
  const text = encoding === 'hex' ? hex(digest) : toBase64(digest);
  return Response.json({
    ...(tokenAs === undefined ? {} : {[tokenAs]: token}),
    [hmacAs]: prefix + text,
  });
}

async function hmacSha256(secret: string, text: string): Promise<Uint8Array> {
  const algorithm = {name: 'HMAC', hash: 'SHA-256'};
  const key = await crypto.subtle.importKey('raw', utf8(secret), algorithm, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text)));
}

function noToken(detail: string): Problem {
  return new Problem('invalid-delivery', detail);
}
