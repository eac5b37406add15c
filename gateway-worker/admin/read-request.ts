import type * as z from 'zod';
import {contentEncodingOf, decompress, readBody} from '../accept/read-body.ts';
import {scanJson} from '../accept/scan-json.ts';
import {bodyFormOf} from '../accept/streams/media-type.ts';
import {Problem} from '../answer/problem.ts';
import {MAX_DEPTH, MAX_ISSUES} from '../limits.ts';
import type {Call} from '../route.ts';
import {issueOf} from '../validate/issue.ts';

const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: false});

/**
 * The JSON body of an admin request, by its schema.
 * @throws Problem `invalid-request` with the pointers of what is wrong, or what any body can be refused for
 */
export async function readRequest<Schema extends z.ZodType>(
  {request, scope}: Call,
  schema: Schema,
): Promise<z.output<Schema>> {
  if (bodyFormOf(request.headers.get('content-type')) !== 'json')
    throw new Problem('unsupported-media-type', 'send application/json');
  const encoding = contentEncodingOf(request.headers.get('content-encoding'));
  const raw = await readBody(request, scope.deadline);
  const parsed = schema.safeParse(parseJson(await decompress(raw, encoding, scope.deadline)));
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
