import {endProcess} from '../../../dev/stack/end-process.ts';
import {spawnNodeProgram, type NodeProgram} from './spawn-node-program.ts';

/** Another process of the same program under the same name, by mistake as it were: until it is ended, or the system is. */
export function twinOf(
  program: NodeProgram,
  ending: (() => Promise<unknown>)[],
): () => Promise<{end(): Promise<void>}> {
  return () => {
    const child = spawnNodeProgram(program);
    const end = async (): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGCONT');
      await endProcess(child);
    };
    ending.push(end);
    return Promise.resolve({end});
  };
}
