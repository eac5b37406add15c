import type {LateReason, TimedEvent} from './operator.ts';
import type {Member, Source} from './route.ts';

export interface DispatchListener {
  /** A function of the definition threw; that view, table or sink is as if the event had not come. */
  failed(name: string, error: unknown): void;
}

/** Gives an event to all whom it comes to, as their steps leave it. */
export function dispatch(
  {node: source, routes}: Source,
  event: TimedEvent,
  listener: DispatchListener,
): void {
  source.begin(event);
  for (const {node, member, side} of routes) {
    try {
      const pulled = node.pull();
      if (pulled !== undefined) member.take(pulled, side);
    } catch (error) {
      listener.failed(member.name, error);
    }
  }
}

/** Whoever would take the event is told, once, why it does not. */
export function refuse(
  {node: source, routes}: Source,
  {event, reason}: {readonly event: TimedEvent; readonly reason: LateReason},
  listener: DispatchListener,
): void {
  source.begin(event);
  const told = new Set<Member>();
  for (const {node, member} of routes) {
    if (told.has(member)) continue;
    try {
      const pulled = node.pull();
      if (pulled === undefined) continue;
      member.refuse(pulled, reason);
      told.add(member);
    } catch (error) {
      listener.failed(member.name, error);
    }
  }
}
