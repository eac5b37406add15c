import type {Root} from '../../src/define/topology.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';

export function rootTopic({kind, name}: Pick<Root, 'kind' | 'name'>, names: TopicNames): string {
  return kind === 'stream' ? names.data(name) : names.repartition(name);
}
