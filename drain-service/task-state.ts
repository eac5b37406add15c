import {must} from '../src/lib/assert.ts';

/**
 *   fencing ──opened──▶ restoring ──restored──▶ draining
 *      ▲                    │ failed                │ failed, fenced
 *      └──────elapsed── waiting ◀───────────────────┘            stop: from anywhere to stopped, for good
 *
 * The one way back from any doubt is through `fencing`: it closes the door on every request still under way, and only
 * then does `restoring` ask Kafka what really happened.
 */
export type TaskState = 'fencing' | 'restoring' | 'draining' | 'waiting' | 'stopped';
export type TaskEvent = 'opened' | 'restored' | 'failed' | 'fenced' | 'elapsed' | 'stop';

/** `null`: that event cannot happen in that state. */
const TRANSITIONS: Readonly<Record<TaskState, Readonly<Record<TaskEvent, TaskState | null>>>> = {
  fencing: {
    opened: 'restoring',
    restored: null,
    failed: 'waiting',
    fenced: null,
    elapsed: null,
    stop: 'stopped',
  },
  restoring: {
    opened: null,
    restored: 'draining',
    failed: 'waiting',
    fenced: null,
    elapsed: null,
    stop: 'stopped',
  },
  draining: {
    opened: null,
    restored: null,
    failed: 'waiting',
    fenced: 'waiting',
    elapsed: null,
    stop: 'stopped',
  },
  waiting: {
    opened: null,
    restored: null,
    failed: null,
    fenced: null,
    elapsed: 'fencing',
    stop: 'stopped',
  },
  stopped: {
    opened: 'stopped',
    restored: 'stopped',
    failed: 'stopped',
    fenced: 'stopped',
    elapsed: 'stopped',
    stop: 'stopped',
  },
};

export function nextState(state: TaskState, event: TaskEvent): TaskState {
  return must(TRANSITIONS[state][event], `a task that is ${state} cannot see "${event}"`);
}
