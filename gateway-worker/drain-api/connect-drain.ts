import {shardsOf} from '../../src/record/shard.ts';
import {Problem} from '../answer/problem.ts';
import type {RequestScope} from '../request-scope.ts';
import type {Gateway} from '../gateway.ts';

export interface DrainConnection {
  readonly request: Request;
  readonly stream: string;
  readonly partition: string;
}

/** Hands the drain's WebSocket to its shard. Only shards of the definition exist: a name is never made of a URL alone. */
export async function connectDrain(
  {pipeline}: Gateway,
  {request, stream, partition}: DrainConnection,
  {env}: RequestScope,
): Promise<Response> {
  const name = `${stream}/${partition}`;
  if (!shardsOf(pipeline).some((shard) => shard.name === name))
    throw new Problem('not-found', 'there is no such shard in the pipeline of this gateway');
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    throw new Problem('upgrade-required', 'connect with a WebSocket', {
      headers: {upgrade: 'websocket', connection: 'upgrade'},
    });
  }
  return env.SHARD.getByName(name).fetch(request);
}
