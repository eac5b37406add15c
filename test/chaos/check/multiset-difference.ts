/** What one list has more often than the other, each once. */
export function multisetDifference(
  expected: readonly string[],
  actual: readonly string[],
): {readonly missing: readonly string[]; readonly extra: readonly string[]} {
  const counts = new Map<string, number>();
  for (const each of expected) counts.set(each, (counts.get(each) ?? 0) + 1);
  for (const each of actual) counts.set(each, (counts.get(each) ?? 0) - 1);
  return {
    missing: [...counts].flatMap(([each, count]) => (count > 0 ? [each] : [])),
    extra: [...counts].flatMap(([each, count]) => (count < 0 ? [each] : [])),
  };
}
