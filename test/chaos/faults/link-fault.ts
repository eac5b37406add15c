import {faultOf} from './fault-of.ts';
import type {FaultMaker, Part, Random} from './fault.ts';
import {pick} from './pick.ts';
import type {Proxy} from './proxy/proxy.ts';

/** Of the faults of a link with several proxies, those that hit all of them at once. */
const ALL_SHARE = 0.4;

/** Connections that can be hit: by way of one proxy or of several. */
export interface Link {
  readonly part: Part;
  /** Ends every kind: `cut-kafka-link`. */
  readonly name: string;
  readonly proxies: readonly Proxy[];
}

/** What a fault does to each proxy it hits. */
export interface LinkSteps {
  readonly detail: string;
  readonly durationMs: number;
  /** Gives back what undoes it. */
  readonly begin: (proxy: Proxy) => Promise<(() => unknown) | void> | (() => unknown) | void;
  /** Whatever was drawn: every proxy, as nobody knows whose request is the next. */
  readonly hitsAll?: boolean;
}

export function linkFault(
  link: Link,
  verb: string,
  draw: (random: Random) => LinkSteps,
): FaultMaker {
  const kind = `${verb}-${link.name}`;
  return {
    kind,
    part: link.part,
    make(random) {
      const isAll = random() < ALL_SHARE;
      const one = pick(random, link.proxies);
      const {detail, durationMs, begin, hitsAll = false} = draw(random);
      const hit = isAll || hitsAll ? link.proxies : [one];
      const undos: (() => unknown)[] = [];
      return faultOf({
        kind,
        target:
          hit.length === 1
            ? `${link.name}-${link.proxies.indexOf(hit[0]!) + 1}`
            : `every ${link.name}`,
        detail,
        durationMs,
        async begin() {
          for (const proxy of hit) {
            const undo = await begin(proxy);
            if (undo !== undefined) undos.push(undo);
          }
        },
        async undo() {
          await Promise.all(undos.map((undo) => undo()));
        },
      });
    },
  };
}
