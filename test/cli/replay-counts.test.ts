import {expect, test} from 'vitest';
import {replayCounts} from '../../cli/replay-counts.ts';

test('a batch that nobody looked at is not counted as done', () => {
  const json = {title: 'Come again', detail: 'too many audit records wait for Kafka'};
  expect(() => replayCounts({status: 503, json})).toThrow(/503 .*too many audit records/);
});

test('events that could not be stored are counted, whatever the status', () => {
  const json = {title: 'Come again', accepted: 0, duplicates: 0, rejected: 1, retry: 2, events: []};
  expect(replayCounts({status: 503, json})).toEqual({
    accepted: 0,
    duplicates: 0,
    rejected: 1,
    retry: 2,
  });
  expect(replayCounts({status: 202, json: {accepted: 1, duplicates: 2, rejected: 0}})).toEqual({
    accepted: 1,
    duplicates: 2,
    rejected: 0,
    retry: 0,
  });
});
