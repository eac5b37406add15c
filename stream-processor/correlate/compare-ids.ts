/** Orders events of the same time. Ids of one topic end in an offset: the shorter is the smaller number. */
export function compareIds(a: {readonly id: string}, b: {readonly id: string}): number {
  return a.id.length - b.id.length || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
