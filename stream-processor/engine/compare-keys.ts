const SURROGATES_START = 0xd800;
const SURROGATES_END = 0xe000;

/**
 * Orders keys by code point, which is also the order of their UTF-8 bytes and so SQLite's. JavaScript's own `<` orders
 * by UTF-16 unit and puts U+1F600 before U+FF5E.
 */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rankOf(left) - rankOf(right);
  }
  return a.length - b.length;
}

/** Moves the units of supplementary code points behind those of the basic plane (Unicode TN 12, "fix-up"). */
function rankOf(unit: number): number {
  if (unit >= SURROGATES_END) return unit - 0x800;
  return unit >= SURROGATES_START ? unit + 0x2000 : unit;
}
