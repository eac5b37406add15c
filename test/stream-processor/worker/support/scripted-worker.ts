/** A worker thread without tasks: it tells what it is told, and takes a moment to end one. `crash` ends it. */
import {setTimeout as sleep} from 'node:timers/promises';
import {once} from 'node:events';
import {parentPort} from 'node:worker_threads';
import type {
  FromWorker,
  ToWorker,
  WorkerStart,
} from '../../../../stream-processor/worker/control.ts';
import {answerTunnel} from '../../../../stream-processor/worker/answer-tunnel.ts';
import {post} from '../../../../stream-processor/worker/post.ts';

const END_MS = 20;

const [start] = (await once(parentPort!, 'message')) as [WorkerStart];
const {worker, control, tunnel} = start;
const tell = (message: FromWorker) => post(control, message);

answerTunnel(tunnel, () => new Response(`worker ${worker}`));
control.on('message', (message: ToWorker) => void take(message));

async function take(message: ToWorker): Promise<void> {
  if (message.kind === 'stop') return tell({kind: 'stopped'});
  if (message.task === 'crash') throw new Error('a bug');
  if (message.task === 'fatal') {
    return tell({kind: 'fatal', code: 'VIEW_CHANGED', message: 'a view has changed', hint: 'mend'});
  }
  const role = message.kind === 'begin' ? message.role : '';
  const fields = {task: message.task, worker, role};
  if (message.kind === 'end') await sleep(END_MS);
  tell({kind: 'log', level: 'info', sentence: message.kind, fields});
  if (message.kind === 'end') tell({kind: 'ended', task: message.task});
}
