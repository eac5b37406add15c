import type {KafkaOptions} from './ports.ts';

/**
 * The options of each client that is opened, beginning at another broker every time. A broker that is frozen still takes
 * connections: whoever begins there waits for its deadline, and the next try must not begin there again.
 */
export function bootstrapTurns(options: KafkaOptions): () => KafkaOptions {
  const {brokers} = options;
  let turn = 0;
  return () => {
    const first = turn++ % brokers.length;
    return {...options, brokers: [...brokers.slice(first), ...brokers.slice(0, first)]};
  };
}
