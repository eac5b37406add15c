import type {HeldEvent} from '../event/held-event.ts';
import type {OpenMatch} from './pattern.ts';

/** An event whose place in the order of time is sure. */
export interface SettledEvent extends HeldEvent {
  readonly at: number;
  /** How many open matches have taken it: without any it is forgotten. */
  uses: number;
  /** The match it began, while that is not decided. */
  own: OpenMatch | undefined;
}
