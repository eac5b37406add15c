/** Numbers of Kafka's requests by their names in the protocol guide. */
export const KAFKA_APIS = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  SaslHandshake: 17,
  ApiVersions: 18,
  CreateTopics: 19,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
  DescribeConfigs: 32,
  SaslAuthenticate: 36,
  DescribeCluster: 60,
  DescribeProducers: 61,
  DescribeTransactions: 65,
  ConsumerGroupHeartbeat: 68,
} as const;

const NAMES = new Map(Object.entries(KAFKA_APIS).map(([name, key]) => [key as number, name]));

export function kafkaApiName(key: number): string {
  return NAMES.get(key) ?? `api-${key}`;
}
