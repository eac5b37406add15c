import type {Findings} from './findings.ts';
import {placeOf, readsOf, type ObservedRun} from './observed-run.ts';

/**
 * Atomic transactions, where the history knows what was in them: of a committed one all is visible, of an aborted or
 * fenced one nothing, and of one whose producer was told nothing, all or nothing.
 */
export function checkTransactions({run, log, transactions}: ObservedRun, findings: Findings): void {
  const topics = [...run.dataTopics, ...run.deadLetterTopics, ...run.lateTopics];
  const visible = new Set<string>();
  for (const read of readsOf(log, topics)) visible.add(`${placeOf(read)}#${read.id}`);
  const committers = new Map<string, number>();
  for (const {outcome, records = []} of transactions)
    for (const record of records)
      committers.set(record, (committers.get(record) ?? 0) + mayHave(outcome));
  for (const {producer, transaction, outcome, records = []} of transactions) {
    // What another transaction committed as well, or may have, says nothing of this one.
    const own = records.filter(
      (record) =>
        topics.includes(record.slice(0, record.indexOf('/'))) &&
        (outcome === 'committed' || committers.get(record) === mayHave(outcome)),
    );
    const seen = own.filter((record) => visible.has(record)).length;
    const isWhole =
      outcome === 'committed'
        ? seen === own.length
        : seen === 0 || (outcome === 'unknown' && seen === own.length);
    if (!isWhole)
      findings.add(
        'torn-transaction',
        `${producer} ${transaction} is ${outcome}: ${seen} of ${own.length} records are visible`,
      );
  }
}

/** 1 for a transaction that may have committed what it had. */
function mayHave(outcome: string): number {
  return outcome === 'committed' || outcome === 'unknown' ? 1 : 0;
}
