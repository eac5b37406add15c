/**
 * What RFC 6901 points at; besides, `*` means every element of an array. Only what a value itself has is found, nothing
 * of its prototype.
 * @returns `null` when anything on the way is missing
 */
export function valuesAt(value: unknown, pointer: string): readonly unknown[] | null {
  let found: readonly unknown[] = [value];
  for (const part of pointer.split('/').slice(1)) {
    const next: unknown[] = [];
    for (const each of found) {
      if (part === '*' && Array.isArray(each)) {
        for (const element of each) next.push(element);
        continue;
      }
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof each !== 'object' || each === null || !Object.hasOwn(each, name)) return null;
      next.push((each as Readonly<Record<string, unknown>>)[name]);
    }
    found = next;
  }
  return found;
}
