import {expect, test} from 'vitest';
import {nextState, type TaskEvent, type TaskState} from '../../drain-service/task-state.ts';

const STATES: readonly TaskState[] = ['fencing', 'restoring', 'draining', 'waiting', 'stopped'];
const EVENTS: readonly TaskEvent[] = ['opened', 'restored', 'failed', 'fenced', 'elapsed', 'stop'];

function pathOf(events: readonly TaskEvent[]): readonly TaskState[] {
  const path: TaskState[] = ['fencing'];
  for (const event of events) path.push(nextState(path.at(-1)!, event));
  return path;
}

test('a task fences, restores and only then drains', () => {
  expect(pathOf(['opened', 'restored'])).toEqual(['fencing', 'restoring', 'draining']);
});

test('after any doubt a task waits and starts at the fence', () => {
  for (const doubt of ['failed', 'fenced'] as const) {
    expect(pathOf(['opened', 'restored', doubt, 'elapsed']).slice(-2)).toEqual([
      'waiting',
      'fencing',
    ]);
  }
  expect(pathOf(['failed', 'elapsed', 'opened', 'failed', 'elapsed']).at(-1)).toBe('fencing');
});

test('draining is entered from restoring only, and restoring from fencing only', () => {
  for (const state of STATES) {
    for (const event of EVENTS) {
      const next = attempt(state, event);
      if (next === 'draining') expect([state, event]).toEqual(['restoring', 'restored']);
      if (next === 'restoring') expect([state, event]).toEqual(['fencing', 'opened']);
    }
  }
});

test('stop ends a task from every state, and a stopped one stays stopped', () => {
  for (const state of STATES) expect(nextState(state, 'stop')).toBe('stopped');
  for (const event of EVENTS) expect(nextState('stopped', event)).toBe('stopped');
});

test('an event that means nothing in a state is a mistake and says which', () => {
  expect(() => nextState('draining', 'opened')).toThrow('draining cannot see "opened"');
});

function attempt(state: TaskState, event: TaskEvent): TaskState | null {
  try {
    return nextState(state, event);
  } catch {
    return null;
  }
}
