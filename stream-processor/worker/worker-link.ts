import {MessageChannel, type MessagePort} from 'node:worker_threads';
import {ForebayError} from '../../src/lib/errors.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {RemoteViews} from '../route/remote-views.ts';
import type {FromWorker, Role, ToWorker} from './control.ts';
import {post} from './post.ts';
import {TunnelAsker} from './tunnel-asker.ts';
import type {WorkerHost} from './worker-hosts.ts';

/** Never resolved: whoever answers is the other end of the tunnel. */
const TUNNEL_URL = 'http://worker';

export interface WorkerLinkOptions {
  readonly worker: number;
  /** Where other replicas reach this one's queries. */
  readonly queryUrl: string;
  readonly log: Log;
  /** A task has ended there. */
  readonly onEnded: (task: string) => void;
  /** The worker, or a task in it, has failed in a way that no retry mends. */
  readonly onFailed: (error: ForebayError) => void;
}

/** A worker as the main thread sees it. It ends only when it is stopped: any other end is a failure. */
export class WorkerLink {
  readonly number: number;
  /** What its tasks know. */
  readonly views: RemoteViews;
  readonly #options: WorkerLinkOptions;
  readonly #host: WorkerHost;
  /** What is posted waits until the worker is loaded. */
  readonly #control: MessagePort;
  readonly #tunnel: TunnelAsker;
  readonly #stopped = Promise.withResolvers<void>();
  #isStopping = false;

  constructor(host: WorkerHost, options: WorkerLinkOptions) {
    const {worker: number, queryUrl} = options;
    this.#options = options;
    this.number = number;
    const [control, tunnel] = [new MessageChannel(), new MessageChannel()];
    this.#control = control.port1;
    this.#tunnel = new TunnelAsker(tunnel.port1);
    this.views = new RemoteViews({
      name: `worker ${number}`,
      url: TUNNEL_URL,
      fetch: (request) => this.#tunnel.fetch(request),
    });
    this.#control.on('message', (message: FromWorker) => this.#take(message));
    this.#host = host;
    void host.ended.then((how) => this.#ended(how));
    host.start({worker: number, queryUrl, control: control.port2, tunnel: tunnel.port2});
  }

  begin(task: string, role: Role): void {
    this.#tell({kind: 'begin', task, role});
  }

  end(task: string): void {
    this.#tell({kind: 'end', task});
  }

  /** Resolves when all its tasks have ended, and with them a thread of its own. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#tell({kind: 'stop'});
    await this.#stopped.promise;
    await this.#host.terminate();
  }

  get(path: string, signal: AbortSignal): Promise<Response> {
    return this.#tunnel.fetch(new Request(`${TUNNEL_URL}${path}`, {signal}));
  }

  #tell(message: ToWorker): void {
    post<ToWorker>(this.#control, message);
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

  #ended(how: string): void {
    this.#stopped.resolve();
    if (this.#isStopping) return;
    this.#options.onFailed(
      new ForebayError({
        code: 'WORKER_ENDED',
        message: `worker ${this.number} has ended: ${how}`,
        hint: 'the processor ends, too; start it again: nothing committed is lost',
      }),
    );
  }
}
