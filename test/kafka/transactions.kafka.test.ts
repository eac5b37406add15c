/**
 * Both adapters of the Kafka port against a broker of `transaction.version` 2 and one of 1. Names say which client
 * fails a case without this port around it; test/kafka/stock holds the proof for the worst of them.
 */
import {describe} from 'vitest';
import {faultCases} from './cases/fault-cases.ts';
import {brokerDeathCases} from './cases/broker-death-cases.ts';
import {CLIENTS, useLabs} from './cases/lab.ts';
import {lateFrameCases} from './cases/late-frame-cases.ts';
import {refusalCases} from './cases/refusal-cases.ts';
import {transactionCases} from './cases/transaction-cases.ts';
import {zombieCases} from './cases/zombie-cases.ts';

describe.each([2, 1] as const)('transaction.version %i', (version) => {
  const labOf = useLabs(version);
  describe.each(CLIENTS)('%s', (client) => {
    const lab = () => labOf(client);
    transactionCases(lab);
    faultCases(lab);
    lateFrameCases(lab);
    zombieCases(lab);
    // What a broker takes has nothing to do with the version.
    if (version === 2) refusalCases(lab);
  });
  brokerDeathCases(() => CLIENTS.map(labOf), version === 2 ? 2 : 1);
});
