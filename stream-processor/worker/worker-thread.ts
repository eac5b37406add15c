import {MessageChannel, Worker} from 'node:worker_threads';
import {describeError, ForebayError} from '../../src/lib/errors.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {RemoteViews} from '../route/remote-views.ts';
import type {FromWorker, Role, ToWorker, WorkerStart} from './control.ts';
import {post} from './post.ts';
import {TunnelAsker} from './tunnel-asker.ts';

/** Never resolved: whoever answers is the other end of the tunnel. */
const TUNNEL_URL = 'http://worker';

export interface WorkerThreadOptions extends WorkerStart {
  /** The program's entry file: the same for all threads. */
  readonly entry: URL;
  readonly log: Log;
  /** A task has ended there. */
  readonly onEnded: (task: string) => void;
  /** The thread, or a task in it, has failed in a way that no retry mends. */
  readonly onFailed: (error: ForebayError) => void;
}

/** One worker thread as the main thread sees it. It ends only when it is stopped: any other end is a failure. */
export class WorkerThread {
  readonly number: number;
  /** What its tasks know. */
  readonly views: RemoteViews;
  readonly #options: WorkerThreadOptions;
  readonly #worker: Worker;
  readonly #tunnel: TunnelAsker;
  readonly #stopped = Promise.withResolvers<void>();
  #isStopping = false;

  constructor(options: WorkerThreadOptions) {
    const {worker: number, queryUrl, entry} = options;
    this.#options = options;
    this.number = number;
    const {port1, port2} = new MessageChannel();
    this.#tunnel = new TunnelAsker(port1);
    this.views = new RemoteViews({
      name: `worker ${number}`,
      url: TUNNEL_URL,
      fetch: (request) => this.#tunnel.fetch(request),
    });
    const workerData = {worker: number, queryUrl, tunnel: port2};
    this.#worker = new Worker(entry, {workerData, transferList: [port2]});
    this.#worker.on('message', (message: FromWorker) => this.#take(message));
    this.#worker.on('error', (error) => this.#fail(describeError(error)));
    this.#worker.on('exit', (code) => this.#exited(code));
  }

  begin(task: string, role: Role): void {
    this.#tell({kind: 'begin', task, role});
  }

  end(task: string): void {
    this.#tell({kind: 'end', task});
  }

  /** Resolves when all its tasks have ended, and with them the thread. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#tell({kind: 'stop'});
    await this.#stopped.promise;
    await this.#worker.terminate();
  }

  get(path: string, signal: AbortSignal): Promise<Response> {
    return this.#tunnel.fetch(new Request(`${TUNNEL_URL}${path}`, {signal}));
  }

  #tell(message: ToWorker): void {
    post<ToWorker>(this.#worker, message);
  }

  #take(message: FromWorker): void {
    const {log, onEnded, onFailed} = this.#options;
    switch (message.kind) {
      case 'ended':
        return onEnded(message.task);
      case 'log':
        return log[message.level](message.sentence, message.fields);
      case 'fatal':
        return onFailed(new ForebayError(message));
      case 'stopped':
        return this.#stopped.resolve();
    }
  }

  #exited(code: number): void {
    this.#stopped.resolve();
    if (!this.#isStopping) this.#fail(`it exited with ${code}`);
  }

  #fail(reason: string): void {
    this.#options.onFailed(
      new ForebayError({
        code: 'WORKER_ENDED',
        message: `worker thread ${this.number} has ended: ${reason}`,
        hint: 'the processor ends, too; start it again: nothing committed is lost',
      }),
    );
  }
}
