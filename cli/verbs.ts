import {client} from './verbs/client.ts';
import {key} from './verbs/key.ts';
import {rejected} from './verbs/rejected.ts';
import {replay} from './verbs/replay.ts';
import {schema} from './verbs/schema.ts';
import {send} from './verbs/send.ts';
import type {Verb} from './verb.ts';

/** Everything `forebay` can do, in the order its help shows. */
export const verbs: readonly Verb[] = [send, schema, client, key, rejected, replay];
