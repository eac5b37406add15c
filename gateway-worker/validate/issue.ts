import type * as z from 'zod';
import {MAX_ISSUE_CHARS} from '../limits.ts';

/** What is wrong with one event. */
export interface Issue {
  /** A JSON Pointer as URI fragment (RFC 6901 §6): `#` is the whole event. */
  readonly pointer: string;
  readonly detail: string;
  readonly code: string;
}

export function issue(code: string, detail: string, path: readonly PropertyKey[] = []): Issue {
  return {pointer: pointerOf(path), detail: bounded(detail.toWellFormed()), code};
}

/** An issue as zod tells it. */
export function issueOf({code, message, path}: z.core.$ZodIssue): Issue {
  return issue(code.replaceAll('_', '-'), message, path);
}

/** `['a/b', 0]` → `#/a~1b/0`. */
export function pointerOf(path: readonly PropertyKey[]): string {
  const segments = path.map((segment) =>
    encodeURIComponent(String(segment).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')),
  );
  return bounded(['#', ...segments].join('/'));
}

function bounded(text: string): string {
  return text.length <= MAX_ISSUE_CHARS ? text : `${text.slice(0, MAX_ISSUE_CHARS - 1)}…`;
}
