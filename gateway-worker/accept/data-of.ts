import {isJsonType, mediaTypeOf, parseValue} from '../../src/record/parse-value.ts';
import {MAX_DEPTH, MAX_REQUEST_EVENTS} from '../limits.ts';
import {issue} from '../validate/issue.ts';
import type {Issue} from '../validate/issue.ts';
import {scanJson} from './scan-json.ts';

export type Data = {readonly value: unknown; readonly issue: null} | {readonly issue: Issue};

/** What the data of an event says by its type; `undefined` for an event without data. */
export function dataOf(contentType: string | undefined, bytes: Uint8Array | null): Data {
  if (bytes === null) return {value: undefined, issue: null};
  const type = mediaTypeOf(contentType ?? '');
  if (type === '' || isJsonType(type)) {
    // Before anything recursive sees it.
    const scan = scanJson(bytes);
    if (scan === 'too-deep')
      return {issue: issue('too-deep', `the data is nested deeper than ${MAX_DEPTH} levels`)};
    if (scan === 'too-many')
      return {
        issue: issue(
          'too-many-elements',
          `data that is an array has at most ${MAX_REQUEST_EVENTS}`,
        ),
      };
  }
  try {
    return {value: parseValue(contentType, bytes), issue: null};
  } catch {
    return {
      issue: issue('data-invalid', `the data is not ${type === '' ? 'JSON' : type} in UTF-8`),
    };
  }
}
