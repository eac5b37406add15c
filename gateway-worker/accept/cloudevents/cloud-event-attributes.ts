import {utf8} from '../../../src/lib/bytes.ts';
import {MAX_EVENT_TYPE_CHARS, MAX_ID_CHARS} from '../../limits.ts';
import {issue} from '../../validate/issue.ts';
import type {Issue} from '../../validate/issue.ts';
import {parseTime} from '../parse-time.ts';
import type {EventAttributes} from '../received-event.ts';

/**
 * What a CloudEvent's attributes may take: they become headers of its record, all of which must fit into 65,535 bytes
 * together with the issues of a rejected event.
 */
export const MAX_ATTRIBUTES_BYTES = 16_384;
export const MAX_EXTENSIONS = 64;
/** CloudEvents 1.0.2 §3.1 advises 20. */
export const MAX_ATTRIBUTE_NAME_CHARS = 40;
export const MAX_SOURCE_CHARS = 1_024;

const SPEC_VERSION = '1.0';
const REQUIRED = ['id', 'source', 'type'] as const;
/** Those of the specification; every other attribute is an extension. */
export const CORE_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...REQUIRED,
  'specversion',
  'datacontenttype',
  'dataschema',
  'subject',
  'time',
]);
const NAME = new RegExp(`^[a-z0-9]{1,${MAX_ATTRIBUTE_NAME_CHARS}}$`);
/** CloudEvents 1.0.2 §3.3, String: no control characters, no half surrogate pairs, no noncharacters. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;
const MAX_CHARS: ReadonlyMap<string, number> = new Map([
  ['id', MAX_ID_CHARS],
  ['type', MAX_EVENT_TYPE_CHARS],
  ['source', MAX_SOURCE_CHARS],
]);

/** Attributes by name as their canonical strings (CloudEvents 1.0.2 §3.3), in whatever mode they came. */
export type AttributeTexts = ReadonlyMap<string, string>;

/** What the attributes of a CloudEvent are for a record, or the first thing that is wrong with them. */
export function attributesOf(texts: AttributeTexts): EventAttributes | Issue {
  const wrong = firstIssue(texts);
  if (wrong !== null) return wrong;
  const headers: [string, string][] = [];
  // Without a prototype: `constructor` is a name like any other.
  const extensions = Object.create(null) as Record<string, string>;
  for (const [name, text] of texts) {
    if (!CORE_ATTRIBUTES.has(name)) extensions[name] = text;
    else if (name !== 'subject' && name !== 'dataschema') continue;
    headers.push([`ce_${name}`, text]);
  }
  const time = texts.get('time');
  const subject = texts.get('subject');
  const contentType = texts.get('datacontenttype');
  return {
    ...identityOf(texts),
    ...(time === undefined ? {} : {timeMs: parseTime(time)!}),
    ...(subject === undefined ? {} : {subject}),
    ...(contentType === undefined ? {} : {contentType}),
    extensions,
    headers,
  };
}

export function isIssue(value: EventAttributes | AttributeTexts | Issue): value is Issue {
  return 'pointer' in value;
}

/** What a rejected event is known by, as far as it can be used. */
export function identityOf(texts: AttributeTexts): Pick<EventAttributes, 'id' | 'source' | 'type'> {
  return Object.fromEntries(
    REQUIRED.flatMap((name) => {
      const text = texts.get(name);
      return text === undefined || textIssue(name, text) !== null ? [] : [[name, text]];
    }),
  );
}

function firstIssue(texts: AttributeTexts): Issue | null {
  const version = texts.get('specversion');
  if (version !== SPEC_VERSION)
    return attributeIssue('specversion', `must be "${SPEC_VERSION}", the only version taken`);
  for (const name of REQUIRED)
    if (!texts.has(name)) return attributeIssue(name, 'is missing; every CloudEvent has it');
  if (texts.size > CORE_ATTRIBUTES.size + MAX_EXTENSIONS) return tooManyExtensions();
  let bytes = 0;
  let extensions = 0;
  for (const [name, text] of texts) {
    const wrong = textIssue(name, text);
    if (wrong !== null) return wrong;
    bytes += name.length + utf8(text).byteLength;
    if (!CORE_ATTRIBUTES.has(name)) extensions += 1;
  }
  if (extensions > MAX_EXTENSIONS) return tooManyExtensions();
  if (bytes > MAX_ATTRIBUTES_BYTES)
    return issue('attributes-too-large', `attributes have at most ${MAX_ATTRIBUTES_BYTES} bytes`);
  return null;
}

function textIssue(name: string, text: string): Issue | null {
  if (!NAME.test(name) || name === 'data')
    return attributeIssue(
      name,
      `has a name that is not 1 to ${MAX_ATTRIBUTE_NAME_CHARS} lower-case letters and digits`,
    );
  const isCore = CORE_ATTRIBUTES.has(name);
  if (isCore && text === '') return attributeIssue(name, 'is empty');
  if (FORBIDDEN.test(text))
    return attributeIssue(name, 'holds characters no attribute may hold, such as control ones');
  const maxChars = MAX_CHARS.get(name) ?? MAX_ATTRIBUTES_BYTES;
  if (text.length > maxChars) return attributeIssue(name, `has at most ${maxChars} characters`);
  if (name === 'time' && parseTime(text) === null)
    return attributeIssue(name, 'is not a time as RFC 3339 writes it');
  return null;
}

export function tooManyExtensions(): Issue {
  return issue('too-many-attributes', `at most ${MAX_EXTENSIONS} extensions are taken`);
}

export function attributeIssue(name: string, wrong: string): Issue {
  return issue('attribute-invalid', `the attribute ${name} ${wrong}`, [name]);
}
