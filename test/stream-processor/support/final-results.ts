import {expect} from 'vitest';
import {readTopic, type TopicRecord} from '../../support/read-topic.ts';
import {byStartAndKey, type Window} from './recompute.ts';

const DEADLINE_MS = 60_000;

export interface FinalResultsOptions {
  readonly brokers: string;
  readonly topic: string;
  readonly atLeast: number;
}

/** The final results of a view, as another Kafka client reads them; fails if one is there twice. */
export async function finalResults(options: FinalResultsOptions): Promise<Window[]> {
  const records = await readTopic({...options, deadlineMs: DEADLINE_MS});
  const finals = records.filter(isFinal);
  expect(new Set(finals.map(({key}) => key)).size, 'each final is there once').toBe(finals.length);
  return finals
    .map(({key, value}) => ({...(JSON.parse(key!) as Window), ...(JSON.parse(value!) as Window)}))
    .sort(byStartAndKey);
}

export function isFinal({headers, value}: TopicRecord): boolean {
  return value !== null && String(headers['forebay_final']) === 'true';
}
