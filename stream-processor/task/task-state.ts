/**
 * - `fencing`: ending every older owner's transactions · `restoring`: reading back what was committed
 * - `running`: applying and committing · `waiting`: it failed and tries again after a pause · `stopped`: for good
 */
export type TaskState = 'fencing' | 'restoring' | 'running' | 'waiting' | 'stopped';

/**
 * - `opened`: the fence stands · `restored`: state and position are those of the last commit
 * - `fenced`: another owner has taken over · `failed`: anything else went wrong, or nobody knows a transaction's outcome
 * - `retry`: the pause is over · `stop`: no longer assigned, or the program ends
 */
export type TaskEvent = 'opened' | 'restored' | 'fenced' | 'failed' | 'retry' | 'stop';

type Row = Readonly<Record<TaskEvent, TaskState>>;

/**
 * Every way out of `running` but `stop` leads through `fencing` and `restoring`: the state in memory is ahead of what is
 * committed then, and reading back is the only way to know. An event that makes no sense in a state leaves it.
 */
const NEXT: Readonly<Record<TaskState, Row>> = {
  fencing: {
    opened: 'restoring',
    restored: 'fencing',
    fenced: 'waiting',
    failed: 'waiting',
    retry: 'fencing',
    stop: 'stopped',
  },
  restoring: {
    opened: 'restoring',
    restored: 'running',
    fenced: 'waiting',
    failed: 'waiting',
    retry: 'restoring',
    stop: 'stopped',
  },
  running: {
    opened: 'running',
    restored: 'running',
    fenced: 'waiting',
    failed: 'waiting',
    retry: 'running',
    stop: 'stopped',
  },
  waiting: {
    opened: 'waiting',
    restored: 'waiting',
    fenced: 'waiting',
    failed: 'waiting',
    retry: 'fencing',
    stop: 'stopped',
  },
  stopped: {
    opened: 'stopped',
    restored: 'stopped',
    fenced: 'stopped',
    failed: 'stopped',
    retry: 'stopped',
    stop: 'stopped',
  },
};

export function nextState(state: TaskState, event: TaskEvent): TaskState {
  return NEXT[state][event];
}
