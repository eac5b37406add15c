import type {HeaderName} from '../../src/define/webhook-scheme.ts';

/** The first of the named headers that is there. */
export function headerValue(headers: Headers, name: HeaderName): string | null {
  if (typeof name === 'string') return headers.get(name);
  const first = name.find((each) => headers.has(each));
  return first === undefined ? null : headers.get(first);
}
