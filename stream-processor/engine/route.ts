import type {InputNode, SourceNode} from './input-node.ts';
import type {MemberTime, TimeSource} from './member-time.ts';
import type {LateReason, TimedEvent} from './operator.ts';

/** A view, a table or a sink: what takes events in a task. */
export interface Member {
  readonly name: string;
  readonly time: MemberTime;
  take(event: TimedEvent, side: number): void;
  /** Every view that would have taken the event is told why it does not. */
  refuse(event: TimedEvent, reason: LateReason): void;
  advance(timeMs: number): void;
}

/** A root, or a view whose rows are events: whose events members take, and whose time they follow. */
export interface Source extends TimeSource {
  readonly node: SourceNode;
  readonly routes: Route[];
}

/** From a source to one side of a member. */
export interface Route {
  readonly node: InputNode;
  readonly member: Member;
  /** Place of the input in `inputsOf(view)`. */
  readonly side: number;
}
