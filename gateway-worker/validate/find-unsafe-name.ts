/**
 * Member names on which readers of the same JSON disagree (RFC 8259 §4, RFC 7493 §2.3): a name that comes twice means its
 * last value here and its first to another reader, so what was checked would not be what is read; `__proto__` and
 * `constructor.prototype` change objects of JavaScript readers that merge them. Neither is in honest events.
 */
import {elementSlices, memberNames, memberSlices} from '../accept/json-slices.ts';
import {scanJson} from '../accept/scan-json.ts';
import {issue} from './issue.ts';
import type {Issue} from './issue.ts';

const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

export interface JsonText {
  /** Its depth is bounded already. */
  readonly bytes: Uint8Array;
  readonly value: unknown;
  /** As scan-json.ts counts them; counted here when missing. */
  readonly members?: number | undefined;
}

/** What is wrong with the first such name; `null` when there is none. */
export function findUnsafeName({bytes, value, members}: JsonText): Issue | null {
  if (typeof value !== 'object' || value === null) return null;
  const kept = countMembers(value);
  if (kept === UNSAFE) return unsafeNameIssue(value, []);
  // JSON.parse keeps one of several members of a name, so a count tells whether any came twice.
  return kept === (members ?? countMembersOf(bytes)) ? null : duplicateNameIssue(bytes, []);
}

const UNSAFE = -1;

/** Of all objects in `value`; UNSAFE when one of them has a name that is. */
function countMembers(value: object): number {
  let count = 0;
  if (Array.isArray(value)) {
    for (const element of value as readonly unknown[]) {
      if (typeof element !== 'object' || element === null) continue;
      const inside = countMembers(element);
      if (inside === UNSAFE) return UNSAFE;
      count += inside;
    }
    return count;
  }
  for (const name in value) {
    count += 1;
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (name === '__proto__') return UNSAFE;
    if (typeof member !== 'object' || member === null) continue;
    if (name === 'constructor' && Object.hasOwn(member, 'prototype')) return UNSAFE;
    const inside = countMembers(member);
    if (inside === UNSAFE) return UNSAFE;
    count += inside;
  }
  return count;
}

function countMembersOf(bytes: Uint8Array): number {
  const scan = scanJson(bytes);
  return typeof scan === 'string' ? 0 : scan.members.reduce((sum, count) => sum + count, 0);
}

function unsafeNameIssue(value: object, path: readonly string[]): Issue | null {
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    const at = [...path, name];
    const isObject = typeof member === 'object' && member !== null;
    if (name === '__proto__' || (name === 'constructor' && isObject && 'prototype' in member))
      return issue(
        'unsafe-name',
        `rename the member ${name}; it changes objects that merge it`,
        at,
      );
    const inside = isObject ? unsafeNameIssue(member, at) : null;
    if (inside !== null) return inside;
  }
  return null;
}

function duplicateNameIssue(bytes: Uint8Array, path: readonly string[]): Issue | null {
  const names = new Set<string>();
  for (const name of memberNames(bytes)) {
    if (names.has(name))
      return issue('duplicate-name', 'a member comes twice; send each once', [...path, name]);
    names.add(name);
  }
  for (const [name, part] of partsOf(bytes)) {
    const inside = duplicateNameIssue(part, [...path, name]);
    if (inside !== null) return inside;
  }
  return null;
}

function partsOf(bytes: Uint8Array): Iterable<readonly [string, Uint8Array]> {
  if (bytes[0] === OPEN_BRACE) return memberSlices(bytes);
  if (bytes[0] !== OPEN_BRACKET) return [];
  return elementSlices(bytes).map((element, index) => [String(index), element] as const);
}
