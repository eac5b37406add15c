import {
  Admin,
  ConfigResourceTypes,
  IncrementalAlterConfigOperationTypes,
} from '@platformatic/kafka';

/** As an operator does it, with the cluster's own tools. */
export async function alterTopic(
  brokers: string,
  topic: string,
  config: Readonly<Record<string, string>>,
): Promise<void> {
  const admin = new Admin({clientId: 'operator', bootstrapBrokers: brokers.split(',')});
  try {
    const configs = Object.entries(config).map(([name, value]) => ({
      name,
      value,
      configOperation: IncrementalAlterConfigOperationTypes.SET,
    }));
    await admin.incrementalAlterConfigs({
      resources: [{resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs}],
    });
  } finally {
    await admin.close();
  }
}
