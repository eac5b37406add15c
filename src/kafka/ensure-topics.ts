import {ForebayError} from '../lib/errors.ts';
import type {TopicAdmin, TopicInfo, TopicSpec} from './ports.ts';

/**
 * Creates the topics a definition needs and compares those that exist with it.
 * @throws ForebayError `TOPIC_MISMATCH` that lists every difference: a wrong partition count would send keys elsewhere,
 *   a smaller `max.message.bytes` would refuse records the gateway has accepted, and a topic that is to be compacted
 *   and is not would lose positions and state with time.
 */
export async function ensureTopics(admin: TopicAdmin, specs: readonly TopicSpec[]): Promise<void> {
  const existing = await infoByName(admin, specs);
  const missing = specs.filter((spec) => !existing.has(spec.name));
  if (missing.length > 0) await admin.createTopics(missing);
  const problems = specs.flatMap((spec) => {
    const info = existing.get(spec.name);
    return info === undefined ? [] : differences(spec, info);
  });
  if (problems.length === 0) return;
  throw new ForebayError({
    code: 'TOPIC_MISMATCH',
    message: problems.join('; '),
    hint: 'make the pipeline agree with the topics, alter or delete the topics, or choose another FOREBAY_TOPIC_PREFIX',
  });
}

async function infoByName(
  admin: TopicAdmin,
  specs: readonly TopicSpec[],
): Promise<ReadonlyMap<string, TopicInfo>> {
  const infos = await admin.describeTopics(specs.map((spec) => spec.name));
  return new Map(infos.map((info) => [info.name, info]));
}

function differences(spec: TopicSpec, info: TopicInfo): string[] {
  const partitions =
    info.partitions === spec.partitions
      ? []
      : [
          `topic ${spec.name} has ${info.partitions} partitions, the definition says ${spec.partitions}`,
        ];
  const policy = info.config['cleanup.policy'];
  const isCompacted = policy === undefined || policy === 'compact';
  const policies =
    spec.config['cleanup.policy'] !== 'compact' || isCompacted
      ? []
      : [`topic ${spec.name} has cleanup.policy ${policy}, its records must be kept: compact`];
  const wantedBytes = Number(spec.config['max.message.bytes'] ?? 0);
  const bytes = Number(info.config['max.message.bytes'] ?? wantedBytes);
  return bytes >= wantedBytes
    ? [...partitions, ...policies]
    : [
        ...partitions,
        ...policies,
        `topic ${spec.name} has max.message.bytes ${bytes}, records need ${wantedBytes}`,
      ];
}
