import type {DeviceAnswer} from '../../../src/protocol/device-socket.ts';
import type {Fate} from '../../answer/fate.ts';

export interface AnswerOptions {
  readonly credit: number;
  readonly retryAfterMs: number | null;
}

/** What one frame's events came to. */
export function answerOf(
  fates: readonly Fate[],
  {credit, retryAfterMs}: AnswerOptions,
): DeviceAnswer {
  const answer: DeviceAnswer = {ack: [], rejected: [], retry: [], credit};
  fates.forEach((fate, index) => {
    const named = fate.id === null ? {index} : {index, id: fate.id};
    if (fate.status === 'retry') answer.retry.push(named);
    else if (fate.status === 'rejected') answer.rejected.push({...named, errors: [...fate.issues]});
    else answer.ack.push(fate.id);
  });
  if (answer.retry.length > 0 && retryAfterMs !== null) answer.retryAfterMs = retryAfterMs;
  return answer;
}
