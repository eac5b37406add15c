/**
 * An operator whose rows are final when they are made: it emits them and keeps none, so nothing is open and nothing
 * becomes due.
 */
import type {Json} from '../../src/define/aggregate.ts';
import type {StateStore} from '../state/state-store.ts';
import type {Operator, Row, RowIdentity, TimedEvent} from './operator.ts';

const NONE: readonly never[] = [];

export abstract class EmittingOperator implements Operator {
  abstract readonly stores: readonly StateStore[];
  abstract readonly delayMs: number;

  abstract take(event: TimedEvent, side: number): void;
  abstract advance(timeMs: number): void;
  abstract restored(mark: Json | undefined, timeMs: number | null): void;

  dueCount(): number {
    return 0;
  }

  takeDue(): readonly Row[] {
    return NONE;
  }

  changedRows(): readonly Row[] {
    return NONE;
  }

  withdrawnRows(): readonly RowIdentity[] {
    return NONE;
  }

  markCommitted(): void {}

  openRows(): readonly Row[] {
    return NONE;
  }

  openCount(): number {
    return 0;
  }

  mark(): Json {
    return null;
  }
}
