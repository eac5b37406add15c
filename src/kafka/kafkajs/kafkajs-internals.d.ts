/*
  What this adapter uses of kafkajs 2.2.4, which types only its public face. The version is pinned, and the
  conformance suite runs against it.
*/

declare module 'kafkajs/src/network/connection.js' {
  import type {Socket} from 'node:net';
  import type {ConnectionOptions} from 'node:tls';

  export interface Logger {
    namespace(name: string): Logger;
    debug(message: string, extra?: unknown): void;
    info(message: string, extra?: unknown): void;
    warn(message: string, extra?: unknown): void;
    error(message: string, extra?: unknown): void;
  }

  export interface RequestQueue {
    readonly pending: readonly unknown[];
    scheduleCheckPendingRequests(): void;
    rejectAll(error: Error): void;
    destroy(): void;
  }

  export interface SocketPlace {
    readonly host: string;
    readonly port: number;
    readonly ssl: ConnectionOptions | null;
    readonly onConnect: () => void;
  }

  export interface Exchange<Answer> {
    readonly request: {
      readonly apiKey: number;
      readonly apiVersion: number;
      readonly apiName: string;
      /** The library copies `buffer`, after asking whether `buf` is one. */
      readonly encode: () => Promise<{readonly buf: Buffer; readonly buffer: Buffer}>;
    };
    readonly response: {
      readonly decode: (payload: Buffer) => Promise<unknown>;
      readonly parse: (decoded: unknown) => Promise<Answer>;
    };
  }

  export default class Connection {
    readonly socket: Socket | undefined;
    readonly requestQueue: RequestQueue;
    connectionStatus: string;
    readonly sessionLifetime: {toInt(): number};
    constructor(options: {
      readonly host: string;
      readonly port: number;
      readonly clientId: string;
      readonly logger: Logger;
      readonly socketFactory: (place: SocketPlace) => Socket;
      readonly connectionTimeout: number;
      readonly requestTimeout: number;
      readonly enforceRequestTimeout: boolean;
      readonly reauthenticationThreshold: number;
      readonly ssl: ConnectionOptions | null;
      readonly sasl: object | null;
    });
    connect(): Promise<unknown>;
    authenticate(): Promise<void>;
    setVersions(versions: object): void;
    setSupportAuthenticationProtocol(isSupported: boolean): void;
    send<Answer>(exchange: Exchange<Answer>): Promise<Answer>;
  }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  import type {Socket} from 'node:net';
  import type {SocketPlace} from 'kafkajs/src/network/connection.js';

  export default function createSocketFactory(): (place: SocketPlace) => Socket;
}

declare module 'kafkajs/src/consumer/assignerProtocol.js' {
  const protocol: {
    readonly MemberMetadata: {
      encode(metadata: {version: number; topics: readonly string[]}): Buffer;
    };
    readonly MemberAssignment: {
      encode(assignment: {
        version: number;
        assignment: Readonly<Record<string, readonly number[]>>;
      }): Buffer;
      decode(
        bytes: Buffer,
      ): {readonly assignment: Readonly<Record<string, readonly number[]>>} | null;
    };
  };
  export default protocol;
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  import type {Exchange} from 'kafkajs/src/network/connection.js';

  /** One kind of request in all versions the library knows. Answers are what `decode` makes, with error codes. */
  export interface Definition<Arguments, Answer> {
    readonly versions: readonly string[];
    protocol(options: {readonly version: number}): (options: Arguments) => Exchange<Answer>;
  }

  export interface Coded {
    readonly errorCode: number;
  }

  export interface PartitionMetadata {
    readonly partitionErrorCode: number;
    readonly partitionId: number;
    readonly leader: number;
  }

  export interface MetadataAnswer {
    readonly brokers: readonly {
      readonly nodeId: number;
      readonly host: string;
      readonly port: number;
    }[];
    readonly controllerId: number;
    readonly topicMetadata: readonly {
      readonly topicErrorCode: number;
      readonly topic: string;
      readonly partitionMetadata: readonly PartitionMetadata[];
    }[];
  }

  export interface JoinAnswer extends Coded {
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly {readonly memberId: string; readonly memberMetadata: Buffer}[];
  }

  export interface MemberArguments {
    readonly groupId: string;
    readonly memberId: string;
    readonly groupInstanceId: string;
  }

  export interface TransactionArguments {
    readonly transactionalId: string;
    readonly producerId: bigint;
    readonly producerEpoch: number;
  }

  const protocol: {
    readonly requests: {
      readonly ApiVersions: Definition<
        undefined,
        Coded & {
          readonly apiVersions: readonly {
            readonly apiKey: number;
            readonly minVersion: number;
            readonly maxVersion: number;
          }[];
        }
      >;
      readonly Metadata: Definition<
        {readonly topics: readonly string[]; readonly allowAutoTopicCreation: boolean},
        MetadataAnswer
      >;
      readonly GroupCoordinator: Definition<
        {readonly groupId: string; readonly coordinatorType: number},
        Coded & {
          readonly coordinator: {
            readonly nodeId: number;
            readonly host: string;
            readonly port: number;
          };
        }
      >;
      readonly AddPartitionsToTxn: Definition<
        TransactionArguments & {
          readonly topics: readonly {
            readonly topic: string;
            readonly partitions: readonly number[];
          }[];
        },
        {
          readonly errors: readonly {
            readonly topic: string;
            readonly partitionErrors: readonly (Coded & {readonly partition: number})[];
          }[];
        }
      >;
      readonly EndTxn: Definition<
        TransactionArguments & {readonly transactionResult: boolean},
        Coded
      >;
      readonly ListOffsets: Definition<
        {
          readonly isolationLevel: number;
          readonly topics: readonly {
            readonly topic: string;
            readonly partitions: readonly {
              readonly partition: number;
              readonly timestamp: bigint;
            }[];
          }[];
        },
        {
          readonly responses: readonly {
            readonly topic: string;
            readonly partitions: readonly (Coded & {
              readonly partition: number;
              readonly offset: string;
            })[];
          }[];
        }
      >;
      readonly CreateTopics: Definition<
        {
          readonly topics: readonly {
            readonly topic: string;
            readonly numPartitions: number;
            readonly replicationFactor: number;
            readonly configEntries: readonly {readonly name: string; readonly value: string}[];
          }[];
          readonly timeout: number;
        },
        {readonly topicErrors: readonly (Coded & {readonly errorMessage: string | null})[]}
      >;
      readonly DeleteTopics: Definition<
        {readonly topics: readonly string[]; readonly timeout: number},
        {readonly topicErrors: readonly Coded[]}
      >;
      readonly DescribeConfigs: Definition<
        {readonly resources: readonly {readonly type: number; readonly name: string}[]},
        {
          readonly resources: readonly (Coded & {
            readonly resourceName: string;
            readonly configEntries: readonly {
              readonly configName: string;
              readonly configValue: string | null;
            }[];
          })[];
        }
      >;
      readonly JoinGroup: Definition<
        MemberArguments & {
          readonly sessionTimeout: number;
          readonly rebalanceTimeout: number;
          readonly protocolType: string;
          readonly groupProtocols: readonly {readonly name: string; readonly metadata: Buffer}[];
        },
        JoinAnswer
      >;
      readonly SyncGroup: Definition<
        MemberArguments & {
          readonly generationId: number;
          readonly groupAssignment: readonly {
            readonly memberId: string;
            readonly memberAssignment: Buffer;
          }[];
        },
        Coded & {readonly memberAssignment: Buffer | null}
      >;
      readonly Heartbeat: Definition<MemberArguments & {readonly groupGenerationId: number}, Coded>;
      readonly LeaveGroup: Definition<
        MemberArguments,
        Coded & {readonly members: readonly Coded[]}
      >;
    };
  };
  export default protocol;
}
