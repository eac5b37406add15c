/**
 * The platform under one shard's Durable Object: starts it when it is called, hibernates it, kills it, keeps its storage
 * and its alarm. The object is the product's, as it is.
 */
import {SimProcess} from '../engine/scheduler.ts';
import {EPOCH_MS} from '../engine/virtual-globals.ts';
import type {World} from '../engine/world.ts';
import type {AppendRequestLike, AppendResultLike, ShardClass, ShardLike} from './load-shard.ts';
import type {CutMode, ServerEnd, SimLink, SocketHost} from './sim-socket.ts';
import {SimStorage} from './sim-storage.ts';

export interface ObjectHostOptions {
  readonly world: World;
  readonly shard: string;
  readonly object: ShardClass;
  readonly pipeline: unknown;
}

export class ObjectHost implements SocketHost {
  readonly world: World;
  readonly shard: string;
  storage: SimStorage;
  clockOffsetMs = 0;
  /** Copies of the next frame that arrive. TCP never does this; whatever is in between may. */
  copiesOfNextFrame = 1;
  readonly #options: ObjectHostOptions;
  #instance: ShardLike | null = null;
  #process: SimProcess | null = null;
  #sockets: ServerEnd[] = [];
  /** Appends that wait for their answer. */
  #pending = new Set<(error: Error) => void>();
  #alarmTimer: {isCancelled: boolean} | null = null;

  constructor(options: ObjectHostOptions) {
    this.#options = options;
    this.world = options.world;
    this.shard = options.shard;
    this.storage = this.#newStorage();
  }

  /** Rejects when the object was reset before it answered: nobody knows what is stored then. */
  append(request: AppendRequestLike): Promise<AppendResultLike> {
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      const settle = (act: () => void) => () => {
        if (this.#pending.delete(reject)) act();
      };
      const failed = (error: unknown) => settle(() => reject(error))();
      this.#call((instance) => {
        Promise.resolve(instance.append(request)).then(
          (result) => settle(() => resolve(result))(),
          failed,
        );
      }, failed);
    });
  }

  accept(link: SimLink): void {
    this.#call(
      (instance) => {
        this.#accepting = link;
        instance.fetch();
        this.#accepting = null;
      },
      () => link.cut('both'),
    );
  }

  /** Whether it holds nothing any more. */
  get isEmpty(): boolean {
    try {
      return this.status().records === 0;
    } catch {
      this.crash();
      return false;
    }
  }

  status(): ReturnType<ShardLike['status']> & {readonly incarnation: string} {
    const instance = this.#start();
    const [meta] = this.storage.sql.exec('SELECT incarnation FROM meta').toArray();
    return {...instance.status(), incarnation: String(meta?.['incarnation'])};
  }

  get isIdle(): boolean {
    return this.#pending.size === 0 && this.storage.isDurable;
  }

  /** Memory is lost, storage is what was durable, or a little more; sockets end. */
  crash(): void {
    this.#leave();
    this.storage.crash();
    for (const socket of this.#sockets.splice(0)) socket.link?.cut('both');
    this.#setAlarm();
  }

  cutLinks(mode: CutMode): void {
    for (const {link} of this.#sockets) link?.cut(mode);
  }

  /** Out of memory with nothing under way: sockets stay. */
  hibernate(): boolean {
    if (!this.isIdle) return false;
    this.#leave();
    return true;
  }

  /** Storage and all: what an operator does to a shard whose storage is beyond repair. */
  wipe(): void {
    this.crash();
    this.storage.close();
    this.storage = this.#newStorage();
  }

  #newStorage(): SimStorage {
    const storage = new SimStorage(this.world);
    storage.onBroken = () => {
      this.world.scheduler.after(this.world.between(5, 100), null, () => {
        if (this.storage === storage) this.crash();
      });
    };
    return storage;
  }

  #accepting: SimLink | null = null;

  #leave(): void {
    if (this.#process !== null) this.world.scheduler.kill(this.#process);
    this.#instance = null;
    this.#process = null;
    for (const reject of this.#pending) {
      this.#pending.delete(reject);
      reject(new Error('the object was reset'));
    }
  }

  /** Calls come as events of the object's own process. */
  #call(act: (instance: ShardLike) => void, onBroken: (error: unknown) => void): void {
    const {scheduler} = this.world;
    try {
      this.#start();
    } catch (error) {
      this.crash();
      onBroken(error);
      return;
    }
    scheduler.after(0, this.#process, () => {
      if (this.#instance !== null) act(this.#instance);
    });
  }

  #start(): ShardLike {
    if (this.#instance !== null) return this.#instance;
    const {scheduler} = this.world;
    this.#process = new SimProcess(`gateway ${this.shard}`);
    this.#process.clockOffsetMs = this.clockOffsetMs;
    const before = scheduler.current;
    scheduler.current = this.#process;
    try {
      return (this.#instance = new this.#options.object(this.#ctx(), {}, this.#options.pipeline));
    } finally {
      scheduler.current = before;
    }
  }

  #ctx() {
    const {storage} = this;
    return {
      id: {name: this.shard},
      storage: {
        sql: storage.sql,
        transactionSync: <T>(act: () => T) => storage.transactionSync(act),
        sync: () => storage.sync(),
        getAlarm: () => storage.getAlarm(),
        setAlarm: async (ms: number) => {
          storage.alarmMs = ms;
          this.#setAlarm();
        },
      },
      getWebSockets: () => [...this.#sockets],
      acceptWebSocket: (socket: ServerEnd) => this.#acceptSocket(socket),
      waitUntil: () => {},
      abort: () => this.crash(),
    };
  }

  #acceptSocket(socket: ServerEnd): void {
    const link = this.#accepting;
    if (link === null) throw new Error('a socket is accepted where it is asked for');
    socket.link = link;
    link.server = socket;
    this.#sockets.push(socket);
    socket.copies = () => {
      const copies = this.copiesOfNextFrame;
      this.copiesOfNextFrame = 1;
      return copies;
    };
    socket.gate = (act) => this.storage.whenDurable(act);
    socket.onMessage = (text) =>
      this.#call(
        (instance) => void instance.webSocketMessage(socket, text).catch(() => {}),
        () => {},
      );
    socket.onGone = () => {
      this.#sockets = this.#sockets.filter((each) => each !== socket);
      if (this.#instance !== null) this.#instance.webSocketClose(socket);
    };
  }

  #setAlarm(): void {
    if (this.#alarmTimer !== null) this.#alarmTimer.isCancelled = true;
    const {alarmMs} = this.storage;
    if (alarmMs === null) return;
    const {scheduler} = this.world;
    this.#alarmTimer = scheduler.after(alarmMs - EPOCH_MS - scheduler.nowMs, null, () => {
      this.storage.alarmMs = null;
      this.#call(
        (instance) => void instance.alarm(),
        () => {},
      );
    });
  }
}
