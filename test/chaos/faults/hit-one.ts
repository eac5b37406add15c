import {faultOf, type FaultSteps} from './fault-of.ts';
import type {FaultMaker, Random} from './fault.ts';
import {pick} from './pick.ts';

export interface HitOneOptions<Target> extends Pick<FaultMaker, 'kind' | 'part'> {
  readonly targets: readonly Target[];
  /** Draws what happens to the one that was picked. */
  readonly draw: (random: Random, target: Target) => Omit<FaultSteps, 'kind' | 'target'>;
}

/** A kind of fault that hits one of several, each as likely as any. */
export function hitOne<Target extends {readonly name: string}>({
  kind,
  part,
  targets,
  draw,
}: HitOneOptions<Target>): FaultMaker {
  return {
    kind,
    part,
    make(random) {
      const target = pick(random, targets);
      return faultOf({kind, target: target.name, ...draw(random, target)});
    },
  };
}
