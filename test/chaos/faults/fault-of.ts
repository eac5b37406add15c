import type {Fault} from './fault.ts';

export interface FaultSteps extends Omit<Fault, 'start' | 'stop'> {
  readonly begin: () => Promise<void> | void;
  readonly undo: () => Promise<void> | void;
}

/** A fault of its two steps: undone once, and only when it began. */
export function faultOf({begin, undo, ...words}: FaultSteps): Fault {
  let begun: Promise<void> | undefined;
  let undone: Promise<void> | undefined;
  const undoOnce = async (started: Promise<void>): Promise<void> => {
    // Half begun is undone as well.
    await started.catch(() => undefined);
    await undo();
  };
  return {
    ...words,
    start: () => (begun ??= (async () => begin())()),
    stop() {
      if (begun === undefined) return Promise.resolve();
      return (undone ??= undoOnce(begun));
    },
  };
}
