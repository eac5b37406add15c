import {shardsOf} from '../../src/record/shard.ts';
import type {ShardStatus} from '../../src/protocol/status.ts';
import {Problem, retryAfter} from '../answer/problem.ts';
import {EXPIRED} from '../deadline.ts';
import type {RequestScope} from '../request-scope.ts';
import {RETRY_AFTER_S} from '../limits.ts';
import type {Gateway} from '../gateway.ts';

/** One call per shard of the definition, all at once. A wrong number would be worse than none, so all answer or nobody. */
export async function shardStatuses(
  {pipeline, log}: Gateway,
  {env, deadline}: RequestScope,
): Promise<readonly ShardStatus[]> {
  const calls = shardsOf(pipeline).map(({name}) => env.SHARD.getByName(name).status());
  const statuses = await deadline.race(
    Promise.all(calls).catch((error: unknown) => {
      log.warn('A shard did not say its status', {error: String(error)});
      return null;
    }),
  );
  if (statuses !== null && statuses !== EXPIRED) return statuses;
  throw new Problem('unavailable', 'a shard did not say its status; ask again', {
    headers: retryAfter(RETRY_AFTER_S),
  });
}
