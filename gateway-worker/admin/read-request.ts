import type * as z from 'zod';
import {requireJson} from '../accept/body-form.ts';
import {readDecompressed} from '../accept/read-body.ts';
import {scanJson} from '../accept/scan-json.ts';
import {Problem} from '../answer/problem.ts';
import type {ProblemCode} from '../answer/problem.ts';
import {MAX_DEPTH, MAX_ISSUES} from '../limits.ts';
import type {Call} from '../route.ts';
import {issueOf} from '../validate/issue.ts';

const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: false});

/** What `readRequest` throws. */
export const REQUEST_PROBLEMS = [
  'invalid-request',
  'malformed-json',
  'malformed-encoding',
  'too-deep',
  'request-too-large',
  'unsupported-media-type',
  'unsupported-encoding',
  'body-timeout',
] as const satisfies readonly ProblemCode[];

/**
 * The JSON body of an admin request, by its schema.
 * @throws Problem `invalid-request` with the pointers of what is wrong, or what any body can be refused for
 */
export async function readRequest<Schema extends z.ZodType>(
  {request, scope}: Call,
  schema: Schema,
): Promise<z.output<Schema>> {
  requireJson(request.headers);
  const parsed = schema.safeParse(parseJson(await readDecompressed(request, scope.deadline)));
  if (parsed.success) return parsed.data;
  throw new Problem('invalid-request', 'mend what errors names', {
    errors: parsed.error.issues.slice(0, MAX_ISSUES).map(issueOf),
  });
}

function parseJson(bytes: Uint8Array): unknown {
  if (scanJson(bytes) === 'too-deep')
    throw new Problem('too-deep', `at most ${MAX_DEPTH} levels of arrays and objects are taken`);
  try {
    return JSON.parse(decoder.decode(bytes)) as unknown;
  } catch {
    throw new Problem('malformed-json', 'the body must be one JSON object in UTF-8');
  }
}
