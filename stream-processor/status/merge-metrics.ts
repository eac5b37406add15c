/**
 * Prometheus' text of several workers as one: the same series is there once, with the sum of their values. Right for
 * counters and histograms, and for gauges that are parts of a whole or have a label that tells them apart.
 */
export function mergeMetrics(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) {
    let family: Family | undefined;
    for (const line of text.split('\n')) {
      if (line.startsWith('# HELP ')) family = familyOf(families, line.split(' ', 3)[2]!, line);
      else if (line.startsWith('# TYPE ')) family?.head.add(line);
      else if (line !== '') addTo(family, line);
    }
  }
  return [...families.values()].map(linesOf).join('\n');
}

interface Family {
  readonly head: Set<string>;
  readonly series: Map<string, number>;
}

function familyOf(families: Map<string, Family>, name: string, help: string): Family {
  let family = families.get(name);
  if (family === undefined) {
    family = {head: new Set([help]), series: new Map()};
    families.set(name, family);
  }
  return family;
}

/** A label's value may have spaces; the sample's value has none. */
function addTo(family: Family | undefined, line: string): void {
  const space = line.lastIndexOf(' ');
  const series = line.slice(0, space);
  family?.series.set(series, (family.series.get(series) ?? 0) + Number(line.slice(space + 1)));
}

function linesOf({head, series}: Family): string {
  return [...head, ...Array.from(series, ([name, value]) => `${name} ${value}`), ''].join('\n');
}
