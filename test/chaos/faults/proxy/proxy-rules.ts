import {once} from 'node:events';
import type {Applied, Direction, Frame, Rule, Shape} from './proxy.ts';
import type {TransactionBus} from './transaction-bus.ts';

const PLAIN: Shape = {latencyMs: 0, bytesPerSecond: 0, sliceBytes: 0, blocked: []};

/** A rule that hit, and when to let go what it holds. */
export interface ActiveRule extends Pick<Rule, 'action'> {
  readonly released: AbortSignal;
}

/** What a proxy's connections have in common. */
export interface ProxyRules {
  readonly bus: TransactionBus;
  readonly shape: Shape;
  readonly applied: readonly Applied[];
  seen(name: string, direction: Direction): number;
  /** Counts the frame, and says what to do with it. */
  take(frame: Frame, direction: Direction): ActiveRule | undefined;
  untilOpen(direction: Direction, signal: AbortSignal): Promise<void>;
  change(shape: Partial<Shape>): void;
  add(rule: Rule): () => void;
}

export function proxyRules(bus: TransactionBus): ProxyRules {
  let shape = PLAIN;
  let shapeChanged = new AbortController();
  const applied: Applied[] = [];
  const seen = new Map<string, number>();
  const rules = new Map<Rule, AbortController>();
  return {
    bus,
    applied,
    get shape() {
      return shape;
    },
    seen: (name, direction) => seen.get(`${direction} ${name}`) ?? 0,
    take({name}, direction) {
      const key = `${direction} ${name}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      for (const [rule, release] of rules) {
        if (rule.direction !== direction || (rule.name !== '*' && rule.name !== name)) continue;
        if (rule.times === 0) continue;
        if (rule.skip > 0) {
          rule.skip -= 1;
          continue;
        }
        rule.times -= 1;
        rule.onHit?.();
        applied.push({action: rule.action.kind, name, direction});
        return {action: rule.action, released: release.signal};
      }
      return undefined;
    },
    async untilOpen(direction, signal) {
      while (shape.blocked.includes(direction) && !signal.aborted) {
        const change = shapeChanged.signal;
        await once(AbortSignal.any([change, signal]), 'abort').catch(() => undefined);
      }
    },
    change(change) {
      shape = {...shape, ...change};
      const before = shapeChanged;
      shapeChanged = new AbortController();
      before.abort();
    },
    add(rule) {
      const release = new AbortController();
      rules.set(rule, release);
      return () => {
        rules.delete(rule);
        release.abort();
      };
    },
  };
}
