import type {LatestTable} from '../../src/define/table.ts';
import type {LatestRows} from '../table/latest-rows.ts';
import type {MemberTime} from './member-time.ts';
import type {LateReason, TimedEvent} from './operator.ts';
import type {Member} from './route.ts';

/** A table of the latest event by key. It takes events in their order in the log; time means nothing to it. */
export class TableMember implements Member {
  readonly table: LatestTable;
  readonly rows: LatestRows;
  readonly time: MemberTime;
  readonly #onLate: (event: TimedEvent, reason: LateReason) => void;

  constructor(options: {
    readonly table: LatestTable;
    readonly rows: LatestRows;
    readonly time: MemberTime;
    readonly onLate: (event: TimedEvent, reason: LateReason) => void;
  }) {
    this.table = options.table;
    this.rows = options.rows;
    this.time = options.time;
    this.#onLate = options.onLate;
  }

  get name(): string {
    return this.table.name;
  }

  take(event: TimedEvent): void {
    this.rows.take(event);
  }

  refuse(event: TimedEvent, reason: LateReason): void {
    this.#onLate(event, reason);
  }

  advance(): void {}
}
