/**
 * Member names on which readers of the same JSON disagree (RFC 8259 §4, RFC 7493 §2.3): a name that comes twice means its
 * last value here and its first to another reader, so what was checked would not be what is read; `__proto__` and
 * `constructor.prototype` change objects of JavaScript readers that merge them. Neither is in honest events.
 */
import {fromUtf8} from '../../src/lib/bytes.ts';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from '../accept/json-bytes.ts';
import {endOfString, scanJson} from '../accept/scan-json.ts';
import {issue} from './issue.ts';
import type {Issue} from './issue.ts';

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
  return kept === (members ?? countMembersOf(bytes)) ? null : duplicateNameIssue(bytes);
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

interface Level {
  /** So far; `null`: an array. */
  readonly names: Set<string> | null;
  /** The name or index of the value being read. */
  at: string | number;
}

/** In one pass, whatever the depth: a large event in many brackets must not be read once for each of them. */
function duplicateNameIssue(bytes: Uint8Array): Issue | null {
  const levels: Level[] = [];
  let isName = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    const level = levels.at(-1);
    if (byte === QUOTE) {
      const end = endOfString(bytes, at + 1);
      if (isName && level !== undefined && repeats(level, bytes.subarray(at, end + 1)))
        return issue(
          'duplicate-name',
          'a member comes twice; send each once',
          levels.map((above) => above.at),
        );
      isName = false;
      at = end;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      isName = byte === OPEN_BRACE;
      levels.push(isName ? {names: new Set(), at: ''} : {names: null, at: 0});
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      isName = false;
      levels.pop();
    } else if (byte === COMMA && level !== undefined) {
      isName = level.names !== null;
      if (typeof level.at === 'number') level.at += 1;
    }
  }
  return null;
}

function repeats(level: Level, quoted: Uint8Array): boolean {
  const name = JSON.parse(fromUtf8(quoted)) as string;
  level.at = name;
  if (level.names?.has(name) === true) return true;
  level.names?.add(name);
  return false;
}
