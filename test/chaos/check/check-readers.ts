import {describe} from './check-delivery.ts';
import type {Findings} from './findings.ts';
import {placeOf, type ObservedRun, type Read} from './observed-run.ts';

/**
 * No uncommitted read, offset agreement: what a reader was given along the way is at the same offset in the end, and
 * what one reader was given of a partition, it was given in order and without a skip. Compaction may take from a topic what has been
 * superseded, so only topics that keep everything are held to this.
 */
export function checkReaders({run, log, live}: ObservedRun, findings: Findings): void {
  const keeping = new Set([
    ...run.dataTopics,
    ...run.deadLetterTopics,
    ...run.rejectedTopics,
    ...run.lateTopics,
  ]);
  const final = new Map<string, Map<string, Read>>();
  for (const [place, reads] of log)
    final.set(place, new Map(reads.map((read) => [read.offset, read])));
  for (const [reader, reads] of live) {
    const byPlace = Map.groupBy(
      reads.filter(({topic}) => keeping.has(topic)),
      placeOf,
    );
    for (const [place, own] of byPlace) {
      for (const read of own) checkRead(reader, read, {final: final.get(place), findings});
      checkContiguous(reader, own, {all: log.get(place) ?? [], findings});
    }
  }
}

function checkRead(
  reader: string,
  read: Read,
  {final, findings}: {final: ReadonlyMap<string, Read> | undefined; findings: Findings},
): void {
  const place = describe(read);
  const same = final?.get(read.offset);
  if (same === undefined) {
    findings.add('uncommitted-read', `${reader} was given ${read.id} at ${place}, which is gone`);
  } else if (same.id !== read.id || same.key !== read.key || same.seq !== read.seq) {
    findings.add('offset-disagreement', `${place} was ${read.id} for ${reader} and is ${same.id}`);
  }
}

function checkContiguous(
  reader: string,
  own: readonly Read[],
  {all, findings}: {all: readonly Read[]; findings: Findings},
): void {
  const offsets = own.map(({offset}) => Number(offset));
  const back = offsets.findIndex((offset, at) => at > 0 && offset <= offsets[at - 1]!);
  if (back >= 0)
    findings.add('order', `${reader} was given ${describe(own[back]!)} after a later one`);
  const given = new Set(offsets);
  const [first, last] = [Math.min(...minMax(offsets)), Math.max(...minMax(offsets))];
  for (const read of all) {
    const offset = Number(read.offset);
    if (offset > first && offset < last && !given.has(offset))
      findings.add('uncommitted-read', `${reader} was never given ${describe(read)}`);
  }
}

/** Offsets come in order, unless something is wrong; a spread of so many arguments would not. */
function minMax(offsets: readonly number[]): readonly number[] {
  return offsets.reduce<readonly [number, number]>(
    ([low, high], offset) => [Math.min(low, offset), Math.max(high, offset)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}
