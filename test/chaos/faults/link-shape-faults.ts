import {between} from '../../support/seeded-random.ts';
import type {FaultMaker, Random} from './fault.ts';
import {linkFault, type Link} from './link-fault.ts';
import type {Shape} from './proxy/proxy.ts';

const SHORT_MS = [500, 4_000] as const;
/** Up to beyond what clients wait for an answer. */
const BLOCK_MS = [1_000, 12_000] as const;
const REFUSE_MS = [500, 6_000] as const;

const PLAIN: Shape = {latencyMs: 0, bytesPerSecond: 0, sliceBytes: 0, blocked: []};

/** What a network does to connections without knowing what they carry. */
export function linkShapeFaults(link: Link): readonly FaultMaker[] {
  const shaped = (
    verb: string,
    rangeMs: readonly [number, number],
    draw: (random: Random) => Partial<Shape>,
  ): FaultMaker =>
    linkFault(link, verb, (random) => {
      const shape = draw(random);
      return {
        detail: JSON.stringify(shape),
        durationMs: between(random, ...rangeMs),
        begin(proxy) {
          proxy.shape(shape);
          const names = Object.keys(shape) as (keyof Shape)[];
          return () => proxy.shape(Object.fromEntries(names.map((name) => [name, PLAIN[name]])));
        },
      };
    });
  return [
    linkFault(link, 'cut', () => ({
      detail: 'every connection ends',
      durationMs: 0,
      begin: (proxy) => void proxy.cut(),
    })),
    linkFault(link, 'reset', () => ({
      detail: 'every connection ends with an RST',
      durationMs: 0,
      begin: (proxy) => void proxy.reset(),
    })),
    linkFault(link, 'refuse', (random) => ({
      detail: 'connections end, new ones are refused',
      durationMs: between(random, ...REFUSE_MS),
      async begin(proxy) {
        await proxy.refuse(true);
        proxy.cut();
        return () => proxy.refuse(false);
      },
    })),
    shaped('block-requests', BLOCK_MS, () => ({blocked: ['request']})),
    shaped('block-answers', BLOCK_MS, () => ({blocked: ['answer']})),
    shaped('block', BLOCK_MS, () => ({blocked: ['request', 'answer']})),
    shaped('delay', SHORT_MS, (random) => ({latencyMs: between(random, 20, 400)})),
    shaped('throttle', SHORT_MS, (random) => ({bytesPerSecond: between(random, 20_000, 400_000)})),
    shaped('slice', SHORT_MS, (random) => ({sliceBytes: between(random, 1, 3)})),
  ];
}
