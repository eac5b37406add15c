import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TestProject} from 'vitest/node';
import {ensureJars} from '../../dev/kafka/ensure-jars.ts';
import {startBroker} from '../../dev/kafka/start-broker.ts';
import {freePort} from '../../dev/free-port.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port,host:port` of the broker all test files share. */
    readonly kafkaBrokers: string;
  }
}

/** One broker per run of vitest, or the cluster that `KAFKA_BROKERS` names. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined) {
    project.provide('kafkaBrokers', given);
    return async () => {};
  }
  const libsDir = await ensureJars(console.log);
  const dataDir = await mkdtemp(join(tmpdir(), 'forebay-kafka-'));
  // No test ends this one, so its silence means only that the machine is busy.
  const properties = {'broker.session.timeout.ms': 60_000};
  const broker = await startBroker({dataDir, port: await freePort(), libsDir, properties});
  project.provide('kafkaBrokers', broker.brokers);
  return async () => {
    await broker.stop();
    await rm(dataDir, {recursive: true, force: true});
  };
}
