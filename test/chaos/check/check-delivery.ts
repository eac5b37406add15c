import type {Findings} from './findings.ts';
import {readsOf, type ObservedRun, type Read} from './observed-run.ts';

/**
 * No loss, no duplicate, no phantom: what was told accepted is in Kafka, in its stream's topic or dead-lettered, once;
 * what is in Kafka was sent, fits its schema, and is not what a sender was told is not stored.
 */
export function checkDelivery(observed: ObservedRun, findings: Findings): void {
  const {run, fates, log} = observed;
  const places = new Map<string, string>();
  for (const read of readsOf(log, [...run.dataTopics, ...run.deadLetterTopics])) {
    const place = describe(read);
    const {id} = read;
    if (id === null) {
      findings.add('phantom', `${place} has no id`);
      continue;
    }
    const other = places.get(id);
    if (other !== undefined) findings.add('duplicate', `${id} is at ${other} and at ${place}`);
    places.set(id, place);
    const why = whyPhantom(observed, read, id);
    if (why !== null) findings.add('phantom', `${id} at ${place} ${why}`);
  }
  for (const [id, {event, isAccepted, isRejected}] of fates) {
    if (isAccepted && !places.has(id)) findings.add('loss', `${id} was accepted and is nowhere`);
    if (isRejected && event.isValid)
      findings.add('conservation', `${id} is valid and was rejected`);
    if (isAccepted && !event.isValid)
      findings.add('conservation', `${id} is not valid and was accepted`);
  }
  for (const read of readsOf(log, run.rejectedTopics)) {
    const fate = fates.get(read.id ?? '');
    if (fate?.event.isValid === true)
      findings.add('phantom', `${read.id} is valid and at ${describe(read)}`);
  }
}

export function describe({topic, partition, offset}: Read): string {
  return `${topic}/${partition}@${offset}`;
}

function whyPhantom({run, fates}: ObservedRun, read: Read, id: string): string | null {
  const fate = fates.get(id);
  if (fate === undefined) return 'was never sent';
  const {event, isAccepted, isRejected, isOpen} = fate;
  if (!event.isValid) return 'does not fit its schema';
  if (run.dataTopics.includes(read.topic) && event.topic !== read.topic)
    return `was sent to ${event.topic}`;
  if (isAccepted || isOpen) return null;
  return isRejected ? 'was rejected' : 'was told not stored, every time';
}
