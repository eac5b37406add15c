import {chmod, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {containerName, dockerAnswers, runArguments} from '../../../dev/stack/docker.ts';
import {kafkaPart} from '../../../dev/stack/kafka-part.ts';
import {PartLog} from '../../../dev/stack/part-log.ts';

const path = process.env['PATH'];
let directory: string;

/** A machine on which only what `commands` says is installed. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'forebay-path-'));
  process.env['PATH'] = directory;
});
afterEach(async () => {
  process.env['PATH'] = path;
  await rm(directory, {recursive: true});
});

async function install(command: string, script: string): Promise<void> {
  await writeFile(join(directory, command), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, command), 0o755);
}

function findKafka() {
  return kafkaPart({
    env: {},
    brokers: undefined,
    stateDir: directory,
    port: 0,
    log: new PartLog({path: join(directory, 'kafka.log'), onShown: () => {}}),
    onEvent: () => {},
  });
}

test('a Docker engine answers, does not, or takes too long', async () => {
  expect(await dockerAnswers()).toBe(false);
  await install('docker', 'exit 0');
  expect(await dockerAnswers()).toBe(true);
  await install('docker', 'exit 1');
  expect(await dockerAnswers()).toBe(false);
  await install('docker', 'exec /bin/sleep 600');
  expect(await dockerAnswers()).toBe(false);
});

test('without any way to run Kafka one sentence says what to install', async () => {
  await expect(findKafka()).rejects.toMatchObject({
    code: 'KAFKA_NOT_AVAILABLE',
    hint: 'install Docker, or Java 17 and Maven, or set KAFKA_BROKERS to a cluster that is running',
  });
  await install('java', `echo 'openjdk version "11.0.2" 2019-01-15' >&2`);
  await expect(findKafka()).rejects.toThrow(/Java 17 or newer; this is Java 11/);
});

test('a container listens on loopback only, and its data is in a volume of this state directory', () => {
  const name = containerName('/some/where');
  expect(name).toMatch(/^forebay-kafka-[0-9a-f]{12}$/);
  expect(name).not.toBe(containerName('/some/where-else'));
  const args = runArguments({name, port: 9192});
  expect(args).toContain('--publish=127.0.0.1:9192:9192');
  expect(args).toContain(`--volume=${name}:/var/lib/kafka/data`);
  expect(args).toContain('--env=KAFKA_ADVERTISED_LISTENERS=CLIENT://127.0.0.1:9192');
  expect(args.at(-1)).toMatch(/^apache\/kafka:\d/);
});
