import {describe, expect, inject, test} from 'vitest';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import type {GroupMember, Kafka} from '../../src/kafka/ports.ts';
import {createTopic} from '../support/kafka-records.ts';
import {uniqueName} from '../support/kafka.ts';
import {patient, waitUntil} from '../support/wait-until.ts';
import {CLIENTS} from './cases/lab.ts';

const PARTITIONS = 8;
/** The broker's smallest. */
const SESSION_TIMEOUT_MS = 6_000;
const SETTLE_DEADLINE_MS = 15_000;
/**
 * Longer than anything here is waited for: what happens before its end did not need it. Not longer still: a member looks
 * for a rebalance ten times in it.
 */
const LONG_SESSION_MS = 1.5 * patient(SETTLE_DEADLINE_MS);

interface Group {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
}

interface JoinedMember {
  readonly member: GroupMember;
  readonly lost: Error[];
  readonly assignments: (readonly number[])[];
  readonly owned: () => readonly number[];
}

async function newGroup(kafka: Kafka, sessionTimeoutMs = SESSION_TIMEOUT_MS): Promise<Group> {
  const topic = uniqueName('units');
  await createTopic(kafka, topic, PARTITIONS);
  return {kafka, topic, groupId: uniqueName('group'), sessionTimeoutMs};
}

async function join(group: Group, instanceId: string): Promise<JoinedMember> {
  const {kafka, topic, groupId, sessionTimeoutMs} = group;
  const lost: Error[] = [];
  const assignments: (readonly number[])[] = [];
  const member = await kafka.joinGroup({
    groupId,
    instanceId,
    topics: [topic],
    sessionTimeoutMs,
    onAssignment: (assignment) => assignments.push(assignment.get(topic) ?? []),
    onLost: (error) => lost.push(error),
  });
  return {member, lost, assignments, owned: () => member.assignment.get(topic) ?? []};
}

function all(...members: readonly JoinedMember[]): readonly number[] {
  return members.flatMap((member) => [...member.owned()]).toSorted((a, b) => a - b);
}

const EVERY = Array.from({length: PARTITIONS}, (_, i) => i);

// Both at once: most of their time is a wait.
describe.concurrent.each(CLIENTS)('%s', (client) => {
  const brokers = inject('kafkaBrokers').split(',');
  const kafka = connectKafka({client, brokers, clientId: 'group-test'});

  test('two members split the partitions evenly, and the one that stays owns all when the other leaves', async () => {
    // Without a LeaveGroup it would be the session's end.
    const group = await newGroup(kafka, LONG_SESSION_MS);
    const a = await join(group, 'a');
    expect(a.owned()).toEqual(EVERY);
    const b = await join(group, 'b');
    await waitUntil(
      'an even split',
      SETTLE_DEADLINE_MS,
      () => a.owned().length === 4 && b.owned().length === 4,
    );
    expect(all(a, b)).toEqual(EVERY);

    await b.member.leave();
    await waitUntil(
      'a to own all again',
      SETTLE_DEADLINE_MS,
      () => a.owned().length === PARTITIONS,
    );
    expect(a.assignments.at(-1)).toEqual(EVERY);
    await a.member.leave();
    expect([...a.lost, ...b.lost]).toEqual([]);
  });

  test('a member that closed without leaving is back in its place at once, and nobody else moves', async () => {
    const group = await newGroup(kafka, LONG_SESSION_MS);
    const a = await join(group, 'a');
    const b = await join(group, 'b');
    await waitUntil(
      'an even split',
      SETTLE_DEADLINE_MS,
      () => a.owned().length === 4 && b.owned().length === 4,
    );
    const [ownedByA, ownedByB] = [a.owned(), b.owned()];
    const rebalancesOfA = a.assignments.length;

    await b.member.close();
    const again = await join(group, 'b');
    expect(again.owned()).toEqual(ownedByB);
    expect(a.owned()).toEqual(ownedByA);
    expect(a.assignments).toHaveLength(rebalancesOfA);
    await Promise.all([a.member.leave(), again.member.leave()]);
  });

  test('the partitions of a member that closed and stays away go to the others when its session ends', async () => {
    const group = await newGroup(kafka);
    const a = await join(group, 'a');
    const b = await join(group, 'b');
    await waitUntil(
      'an even split',
      SETTLE_DEADLINE_MS,
      () => a.owned().length === 4 && b.owned().length === 4,
    );
    await b.member.close();
    await waitUntil('a to own all', 3 * SESSION_TIMEOUT_MS, () => a.owned().length === PARTITIONS);
    await a.member.leave();
    expect(a.lost).toEqual([]);
  });

  test('a second process with the same instance id takes the place, and the first is told once', async () => {
    const group = await newGroup(kafka);
    const first = await join(group, 'a');
    const second = await join(group, 'a');
    await waitUntil('the first to be told', SETTLE_DEADLINE_MS, () => first.lost.length > 0);
    expect(first.lost[0]).toMatchObject({code: 'KAFKA_MEMBERSHIP_LOST'});
    expect(first.owned()).toEqual([]);
    // Two heartbeats later the second still owns all: the first did not take the place back.
    const untilMs = Date.now() + 2_000;
    await waitUntil('two heartbeats', SETTLE_DEADLINE_MS, () => Date.now() > untilMs);
    expect(second.owned()).toEqual(EVERY);
    expect(second.lost).toEqual([]);
    expect(first.lost).toHaveLength(1);
    await second.member.leave();
  });
});
