import {describe} from './check-delivery.ts';
import type {Findings} from './findings.ts';
import {readsOf, type ObservedRun} from './observed-run.ts';

/**
 * Order per key: a key has one partition per topic, and its events are in the order in which its sender sent them. A
 * sender has one event of a key under way at a time, so the order is known.
 */
export function checkOrder({run, fates, log}: ObservedRun, findings: Findings): void {
  for (const topic of run.dataTopics) {
    const keys = new Map<string, {partition: number; n: number; ids: Set<string>}>();
    for (const read of readsOf(log, [topic])) {
      const event = fates.get(read.id ?? '')?.event;
      if (event === undefined || read.key === null) continue;
      const known = keys.get(event.key);
      if (known === undefined) {
        keys.set(event.key, {partition: read.partition, n: event.n, ids: new Set([event.id])});
        continue;
      }
      if (known.partition !== read.partition)
        findings.add(
          'order',
          `${event.key} is in ${topic}/${known.partition} and ${describe(read)}`,
        );
      // A second copy is a duplicate, and told as one.
      if (known.ids.has(event.id)) continue;
      if (event.n <= known.n)
        findings.add(
          'order',
          `${event.id} (${event.n}) at ${describe(read)} comes after ${known.n}`,
        );
      known.ids.add(event.id);
      known.n = Math.max(known.n, event.n);
    }
  }
}
