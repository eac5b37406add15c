import {originProblems} from './origin-problems.ts';
import type {SecretReference} from './secret.ts';
import type {
  Handshake,
  HeaderName,
  Place,
  SignatureProof,
  SignedPart,
  WebhookScheme,
} from './webhook-scheme.ts';

/** Stands in a URL and in `ce_source`. */
const SOURCE = /^[a-z][a-z0-9-]{0,62}$/;
/** Of an environment variable. */
const SECRET = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** RFC 9110 §5.6.2. */
const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const POINTER = /^(?:\/(?:[^~/]|~[01])*)+$/;
/** While one secret replaces another there are two; every further one makes a wrong signature dearer to refuse. */
const MAX_SECRETS = 4;
const MAX_TOLERANCE_S = 86_400;

/** Every problem of a scheme, as sentences. */
export function webhookProblems(scheme: WebhookScheme): readonly string[] {
  const {source, proof, deliveryId, eventType, handshakes = [], origins} = scheme;
  const at = `webhook source "${source}"`;
  const found = [
    ...problemIf(!SOURCE.test(source), `the name must match ${SOURCE}`),
    ...(proof.kind === 'token'
      ? [...secretProblems(proof.secrets), ...pointerProblems(proof.pointer)]
      : signatureProblems(proof)),
    ...(deliveryId === 'none' ? [] : deliveryId).flatMap(placeProblems),
    ...eventType.flatMap(placeProblems),
    ...problemIf(scheme.bodies?.length === 0, 'bodies is empty, so every delivery is refused'),
    ...handshakes.flatMap(handshakeProblems),
    ...(origins === undefined ? [] : originProblems(origins)).map(
      (problem) => `origins.${problem}`,
    ),
  ];
  return [...new Set(found)].map((problem) => `${at}: ${problem}`);
}

function signatureProblems(proof: SignatureProof): string[] {
  const {header, versions, timestamp, publicUrl} = proof;
  const prefixes = versions.map(({prefix}) => prefix);
  return [
    ...headerProblems(header),
    ...problemIf(versions.length === 0, 'it has no secret, so all deliveries would be refused'),
    ...versions.flatMap(({secrets}) => secretProblems(secrets)),
    ...problemIf(new Set(prefixes).size < prefixes.length, 'two versions have one prefix'),
    ...signedProblems(proof),
    ...(timestamp === undefined || 'prefix' in timestamp ? [] : headerProblems(timestamp.header)),
    ...problemIf(
      !isWithin(timestamp?.toleranceS ?? 1, MAX_TOLERANCE_S),
      `timestamp.toleranceS must be from 1 to ${MAX_TOLERANCE_S} seconds, not ${timestamp?.toleranceS}`,
    ),
    ...problemIf(
      publicUrl !== undefined && !isPublicUrl(publicUrl),
      `publicUrl must be the whole URL the provider calls, http or https, without a query, not "${publicUrl}"`,
    ),
  ];
}

/** What is signed must say all that is taken for signed, and say it in one way only. */
function signedProblems({signed, timestamp}: SignatureProof): string[] {
  const has = (name: string) => signed.some((part) => partName(part) === name);
  const signsBody = has('body') || (has('url') && has('form'));
  const open = signed.filter(
    (part, index) => typeof part === 'object' && 'header' in part && !isText(signed[index + 1]),
  );
  return [
    ...problemIf(!signsBody, 'the body is not signed, so anybody could change it'),
    ...problemIf(
      timestamp !== undefined && !has('timestamp'),
      'its timestamp is not signed, so it proves nothing; add {part: "timestamp"} to signed',
    ),
    ...problemIf(
      timestamp === undefined && has('timestamp'),
      'signed names a timestamp; say in timestamp where it is',
    ),
    ...problemIf(
      open.length > 0,
      'in signed, text must follow a header, or nobody can tell where it ends',
    ),
    ...signed.flatMap((part) =>
      typeof part === 'object' && 'header' in part ? headerProblems(part.header) : [],
    ),
  ];
}

function handshakeProblems(handshake: Handshake): string[] {
  if (handshake.kind === 'body')
    return [...pointerProblems(handshake.when.pointer), ...pointerProblems(handshake.token)];
  const {token, verify} = handshake;
  return [
    ...problemIf(token === '', 'a handshake names no parameter that is its token'),
    ...(verify === undefined ? [] : secretProblems(verify.secrets)),
  ];
}

function secretProblems(secrets: readonly SecretReference[]): string[] {
  return [
    ...problemIf(secrets.length === 0, 'it has no secret, so all deliveries would be refused'),
    ...problemIf(
      secrets.length > MAX_SECRETS,
      `it has ${secrets.length} secrets; at most ${MAX_SECRETS} can be live at a time`,
    ),
    ...secrets.flatMap(({secret}) =>
      problemIf(
        !SECRET.test(secret),
        `secret("${secret}") must name an environment variable and match ${SECRET}; the value itself never stands here`,
      ),
    ),
  ];
}

function placeProblems(place: Place): string[] {
  return 'header' in place ? headerProblems(place.header) : pointerProblems(place.pointer);
}

function headerProblems(header: HeaderName): string[] {
  const names = typeof header === 'string' ? [header] : header;
  return [
    ...problemIf(names.length === 0, 'a header has no name'),
    ...names.flatMap((name) => problemIf(!HEADER.test(name), `"${name}" is no name of a header`)),
  ];
}

function pointerProblems(pointer: string): string[] {
  return problemIf(!POINTER.test(pointer), `"${pointer}" is no JSON pointer; write "/event/id"`);
}

function partName(part: SignedPart): string | null {
  return typeof part === 'object' && 'part' in part ? part.part : null;
}

function isText(part: SignedPart | undefined): boolean {
  return typeof part === 'string' && part !== '';
}

function isPublicUrl(text: string): boolean {
  return /^https?:\/\/[^/?#\s]+(?:\/[^?#\s]*)?$/.test(text);
}

function isWithin(value: number, high: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= high;
}

function problemIf(isProblem: boolean, problem: string): string[] {
  return isProblem ? [problem] : [];
}
