import type {LatestTable} from '../../src/define/table.ts';
import type {TableRows} from '../table/table-rows.ts';
import type {MemberTime} from './member-time.ts';
import type {LateReason, TimedEvent} from './operator.ts';
import type {Member} from './route.ts';

/**
 * A table of the latest event of each key: the one with the largest event time, of several the one that came last. An
 * older event changes nothing, however late it is: time means nothing to a table. An event is enriched with the row as it
 * is when the event's turn comes; records of a task's topics take turns in the order of their times, as far as they have
 * been read.
 */
export class TableMember implements Member {
  readonly name: string;
  readonly rows: TableRows;
  readonly time: MemberTime;
  readonly #onLate: (event: TimedEvent, reason: LateReason) => void;

  constructor(options: {
    readonly table: LatestTable;
    readonly rows: TableRows;
    readonly time: MemberTime;
    readonly onLate: (event: TimedEvent, reason: LateReason) => void;
  }) {
    this.name = options.table.name;
    this.rows = options.rows;
    this.time = options.time;
    this.#onLate = options.onLate;
  }

  take({key, timeMs, event}: TimedEvent): void {
    this.rows.putLatest(key, timeMs, event);
  }

  refuse(event: TimedEvent, reason: LateReason): void {
    this.#onLate(event, reason);
  }

  advance(): void {}
}
