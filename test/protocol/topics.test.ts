import {expect, test} from 'vitest';
import {TopicNames, topicPlans} from '../../src/protocol/topics.ts';

test('topics are named and sized by the definition, and a prefix isolates all of them', async () => {
  const {default: pipeline} = await import('../support/two-streams.ts');
  const names = new TopicNames('staging.', pipeline.name);
  expect(topicPlans(pipeline, names).map(({name, partitions}) => `${name} ${partitions}`)).toEqual([
    'staging._demo.drain 8',
    'staging._demo.audit 1',
    'staging.readings 4',
    'staging.readings.rejected 1',
    'staging.github 4',
    'staging.github.rejected 1',
    'staging.readings.dead-letter 4',
    'staging.readings.rejected.dead-letter 1',
    'staging.github.dead-letter 4',
    'staging.github.rejected.dead-letter 1',
    'staging._demo.audit.dead-letter 1',
    'staging._demo.readings.changelog 4',
    'staging._demo.github.changelog 4',
    'staging.demo.station-hour 4',
    'staging.demo.station-hour.late 4',
    'staging.demo.repository-hour 4',
    'staging.demo.repository-hour.late 4',
  ]);
  expect(names.identity('drain', '3')).toBe('staging._demo.drain.3');
});
