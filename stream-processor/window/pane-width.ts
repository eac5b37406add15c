import type {WindowView} from '../../src/define/view.ts';

type Windows = Pick<WindowView, 'sizeMs' | 'advanceMs'>;

/** How wide the panes are that views share: every window begins and ends with one. */
export function paneMsOf(views: readonly Windows[]): number {
  return views.flatMap(({sizeMs, advanceMs}) => [sizeMs, advanceMs]).reduce(gcd);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
