import type {Issue} from '../../validate/issue.ts';
import {attributeIssue, CORE_ATTRIBUTES} from './cloud-event-attributes.ts';
import type {AttributeTexts} from './cloud-event-attributes.ts';

/** Members of the JSON format that are no attributes. */
const DATA_MEMBERS: ReadonlySet<string> = new Set(['data', 'data_base64']);

export interface MemberAttributes {
  /** Those that can be used. */
  readonly texts: AttributeTexts;
  readonly issue: Issue | null;
}

/** The attributes of an event in the JSON format (1.0.2 §2.2); a member that is `null` is not there. */
export function memberAttributes(event: Readonly<Record<string, unknown>>): MemberAttributes {
  const texts = new Map<string, string>();
  let wrong: Issue | null = null;
  for (const [name, value] of Object.entries(event)) {
    if (DATA_MEMBERS.has(name) || value === null) continue;
    const text = CORE_ATTRIBUTES.has(name) && typeof value !== 'string' ? null : textOf(value);
    if (text === null)
      wrong ??= attributeIssue(name, 'has a value no attribute of this name can have');
    else texts.set(name, text);
  }
  return {texts, issue: wrong};
}

/** The canonical string of a value; `null` for what is of no type attributes have, like an object or a fraction. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return String(value);
  return null;
}
