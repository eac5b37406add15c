import {brokerFaults} from './broker-faults.ts';
import type {ChaosSystem} from './chaos-system.ts';
import {clockFaults} from './clock-faults.ts';
import {diskFaults} from './disk-faults.ts';
import type {FaultMaker} from './fault.ts';
import {frameFaults} from './frame-faults.ts';
import type {Link} from './link-fault.ts';
import {linkShapeFaults} from './link-shape-faults.ts';
import {processFaults} from './process-faults.ts';
import {workerFaults} from './worker-faults.ts';

/** Every kind of fault that a system of this make can have; kinds are unique. */
export function faultCatalogue(system: ChaosSystem): readonly FaultMaker[] {
  const {kafkaProxies, drainProxy, senderProxy} = system;
  const links: readonly Link[] = [
    {part: 'kafka-link', name: 'kafka-link', proxies: kafkaProxies},
    {
      part: 'gateway-link',
      name: 'drain-link',
      proxies: drainProxy === undefined ? [] : [drainProxy],
    },
    {
      part: 'gateway-link',
      name: 'sender-link',
      proxies: senderProxy === undefined ? [] : [senderProxy],
    },
  ];
  return [
    ...processFaults(system),
    ...brokerFaults(system),
    ...links.filter(({proxies}) => proxies.length > 0).flatMap(linkShapeFaults),
    ...frameFaults(system),
    ...diskFaults(system),
    ...clockFaults(system),
    ...workerFaults(system),
  ];
}
