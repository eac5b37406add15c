import type {
  LateReason,
  Operator,
  OperatorContext,
  Row,
  RowIdentity,
} from '../../../stream-processor/engine/operator.ts';
import type {Json} from '../../../src/define/aggregate.ts';
import {StoreWorld} from './keyed-stores.ts';

export interface CommitRows {
  readonly final: readonly Row[];
  readonly changed: readonly Row[];
  readonly withdrawn: readonly RowIdentity[];
}

/** One operator with what a task does around it: time, commits, a changelog and a position. */
export class OperatorTask {
  readonly world: StoreWorld;
  readonly late: LateReason[] = [];
  readonly failed: unknown[] = [];
  operator: Operator;
  readonly #create: (world: StoreWorld, context: OperatorContext) => Operator;
  #timeMs: number | null = null;
  #committed: {readonly timeMs: number | null; readonly mark: Json | undefined} = {
    timeMs: null,
    mark: undefined,
  };

  constructor(
    create: (world: StoreWorld, context: OperatorContext) => Operator,
    checkpointPath?: string,
  ) {
    this.world = new StoreWorld(checkpointPath);
    this.#create = create;
    this.operator = this.#make();
    this.operator.restored(undefined, null);
  }

  apply(event: {readonly key: string; readonly timeMs: number; readonly event: unknown}): void {
    if (this.#timeMs === null || event.timeMs > this.#timeMs) {
      this.#timeMs = event.timeMs;
      this.operator.advance(event.timeMs);
    }
    this.operator.take({...event, id: 'x'}, 0);
  }

  advance(timeMs: number): void {
    if (this.#timeMs !== null && timeMs <= this.#timeMs) return;
    this.#timeMs = timeMs;
    this.operator.advance(timeMs);
  }

  commit(limit = Number.POSITIVE_INFINITY): CommitRows {
    const rows = {
      final: this.operator.takeDue(limit),
      changed: [...this.operator.changedRows()],
      withdrawn: [...this.operator.withdrawnRows()],
    };
    this.world.produce();
    this.#committed = {timeMs: this.#timeMs, mark: this.operator.mark()};
    for (const store of this.operator.stores) store.markCommitted();
    this.operator.markCommitted();
    return rows;
  }

  /** Goes on from the last commit, in a new life. */
  async restart(options: {readonly losesCheckpoint?: boolean} = {}): Promise<void> {
    this.world.crash(options);
    this.operator = this.#make();
    await this.world.restore();
    const {timeMs, mark} = this.#committed;
    this.#timeMs = timeMs;
    this.operator.restored(
      mark === undefined ? undefined : JSON.parse(JSON.stringify(mark)),
      timeMs,
    );
  }

  #make(): Operator {
    return this.#create(this.world, {
      late: (reason) => this.late.push(reason),
      failed: (error) => this.failed.push(error),
      emit: () => {
        throw new Error('this view emits no rows at once');
      },
    });
  }
}
