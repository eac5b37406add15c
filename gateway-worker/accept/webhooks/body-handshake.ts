import type {BodyHandshake, WebhookScheme} from '../../../src/define/webhook-scheme.ts';
import {valuesAt} from '../../../src/lib/json-pointer.ts';
import {handshakeAnswer} from './handshake-answer.ts';

/** The answer when the proven body is a question; `null` when it is an event. */
export async function bodyHandshake(
  {handshakes = []}: WebhookScheme,
  value: unknown,
  secret: string,
): Promise<Response | null> {
  const handshake = handshakes.find(
    (each): each is BodyHandshake =>
      each.kind === 'body' && valuesAt(value, each.when.pointer)?.[0] === each.when.is,
  );
  if (handshake === undefined) return null;
  const token = valuesAt(value, handshake.token)?.[0];
  return handshakeAnswer(handshake.answer, {token, secret});
}
