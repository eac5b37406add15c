/**
 * Judges a history. It knows what was sent, what was answered and what Kafka's readers were given, and shares no code
 * with what it judges: an error in Forebay cannot hide in here, too.
 */
import type {HistoryEntry} from '../history/entry.ts';
import type {Verdict} from '../history/verdict.ts';
import {checkDelivery} from './check-delivery.ts';
import {checkOrder} from './check-order.ts';
import {checkQueries} from './check-queries.ts';
import {checkReaders} from './check-readers.ts';
import {checkSeqs} from './check-seqs.ts';
import {checkTransactions} from './check-transactions.ts';
import {checkViews} from './check-views.ts';
import {Findings} from './findings.ts';
import {observeRun, readsOf, type ObservedRun} from './observed-run.ts';

const NOT_DONE = 'progress:';

/** @throws when the history is not one: it must begin with its `run`. */
export function checkHistory(entries: Iterable<HistoryEntry>): Verdict {
  const observed = observeRun(entries);
  const findings = new Findings();
  checkDelivery(observed, findings);
  checkReaders(observed, findings);
  checkOrder(observed, findings);
  checkSeqs(observed, findings);
  checkTransactions(observed, findings);
  const windows = checkViews(observed, findings);
  checkQueries(observed, findings);
  checkProgress(observed, findings);
  return {
    isGood: findings.shown.length === 0,
    violations: findings.shown,
    counts: {...countRun(observed), windows, violations: findings.counts},
  };
}

/** The run came to its end: every data topic was read to the end, and nothing had to be given up. */
function checkProgress({run, ends, log, notes}: ObservedRun, findings: Findings): void {
  for (const {text} of notes) if (text.startsWith(NOT_DONE)) findings.add('progress', text);
  for (const topic of run.dataTopics) {
    if (![...ends].some((place) => place.startsWith(`${topic}/`)))
      findings.add('progress', `${topic} was not read to its end`);
  }
  for (const place of log.keys())
    if (!ends.has(place)) findings.add('progress', `${place} was not read to its end`);
}

function countRun({run, fates, requests, unknownRequests, log, faults}: ObservedRun) {
  const count = (topics: readonly string[]): number => [...readsOf(log, topics)].length;
  const all = [...fates.values()];
  return {
    requests,
    unknownRequests,
    accepted: all.filter(({isAccepted}) => isAccepted).length,
    rejected: all.filter(({isRejected}) => isRejected).length,
    inKafka: count(run.dataTopics),
    deadLettered: count(run.deadLetterTopics),
    late: count(run.lateTopics),
    faults,
  };
}
