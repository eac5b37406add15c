import {Consumer, kGetApi, type API, type Callback} from '@platformatic/kafka';
import type {JoinGroupOptions, KafkaOptions} from '../ports.ts';
import {assignPartitions} from './assign-partitions.ts';
import {baseOptions, guardClient} from './client-base.ts';
import {isKafkaError} from './kafka-errors.ts';

const MAX_RETRIES = 20;
const HEARTBEATS_PER_SESSION = 10;

type AnyApi = (...args: unknown[]) => void;
type AnyCallback = (error: Error | null, answer?: unknown) => void;

const MEMBER_CALLS = new Set(['JoinGroup', 'SyncGroup', 'Heartbeat']);

/**
 * The library's consumer as a mere group member, with two changes.
 * - It can be closed without leaving, so that a static member's partitions wait for it.
 * - When another process has taken its instance id (FENCED_INSTANCE_ID) it stops. The library would take
 *   the id back, and the two would go on like that for ever.
 */
export class MembershipClient extends Consumer {
  /** Set before `close` to keep the membership. */
  staysMember = false;
  readonly #onInstanceTaken: (error: Error) => void;

  constructor(
    options: KafkaOptions,
    group: JoinGroupOptions,
    onInstanceTaken: (error: Error) => void,
  ) {
    const {sessionTimeoutMs} = group;
    super({
      ...baseOptions(options),
      groupId: group.groupId,
      groupInstanceId: group.instanceId,
      autocommit: false,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.max(1, Math.floor(sessionTimeoutMs / HEARTBEATS_PER_SESSION)),
      heartbeatStallTimeout: sessionTimeoutMs,
      partitionAssigner: assignPartitions,
      retries: MAX_RETRIES,
    });
    this.#onInstanceTaken = onInstanceTaken;
    guardClient(this);
  }

  override [kGetApi]<Arguments extends unknown[], Answer>(
    name: string,
    callback: Callback<API<Arguments, Answer>>,
  ): void {
    if (name === 'LeaveGroup' && this.staysMember) {
      const leaveNothing: AnyApi = (...args) => (args.at(-1) as AnyCallback)(null, {});
      callback(null, leaveNothing as unknown as API<Arguments, Answer>);
      return;
    }
    super[kGetApi]<Arguments, Answer>(name, (error, api) => {
      const watched = api !== undefined && MEMBER_CALLS.has(name) ? this.#watch(api) : api;
      callback(error, watched);
    });
  }

  #watch<Arguments extends unknown[], Answer>(api: API<Arguments, Answer>): API<Arguments, Answer> {
    const call: AnyApi = (...args) => {
      const done = args.pop() as AnyCallback;
      (api as unknown as AnyApi)(...args, (error: Error | null, answer?: unknown) => {
        // The library is left without an answer on purpose: it would start over.
        if (isKafkaError(error, ['FENCED_INSTANCE_ID'])) this.#onInstanceTaken(error as Error);
        else done(error, answer);
      });
    };
    return Object.assign(call, {version: api.version, key: api.key}) as unknown as API<
      Arguments,
      Answer
    >;
  }
}
