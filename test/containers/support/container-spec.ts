import type {ImageConfig} from './image-store.ts';

export interface Mount {
  readonly source: string;
  readonly destination: string;
  readonly access: 'ro' | 'rw';
}

export interface SpecOptions {
  readonly id: string;
  /** The folder with the image's files. */
  readonly root: string;
  readonly config: ImageConfig;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  readonly memoryBytes: number;
}

const SAFE = ['nosuid', 'noexec', 'nodev'];

/**
 * What a Docker engine tells its runtime for `docker run --read-only --cap-drop ALL --security-opt no-new-privileges
 * --network host --memory …`, without a writable /tmp (https://github.com/opencontainers/runtime-spec).
 */
export function containerSpec(options: SpecOptions): object {
  const {id, root, config, env, mounts, memoryBytes} = options;
  const [uid, gid] = config.User.split(':').map(Number);
  return {
    ociVersion: '1.0.2',
    hostname: id,
    root: {path: root, readonly: true},
    process: {
      user: {uid, gid},
      args: config.Entrypoint,
      cwd: config.WorkingDir,
      env: [...config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      capabilities: {},
      noNewPrivileges: true,
    },
    mounts: [
      {destination: '/proc', type: 'proc', source: 'proc', options: SAFE},
      {destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755']},
      {destination: '/sys', type: 'tmpfs', source: 'tmpfs', options: [...SAFE, 'mode=755']},
      // Where node reads its memory limit.
      {destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [...SAFE, 'ro']},
      ...mounts.map(({source, destination, access}) => ({
        source,
        destination,
        type: 'bind',
        options: ['bind', access],
      })),
    ],
    linux: {
      namespaces: ['pid', 'mount', 'ipc', 'uts', 'cgroup'].map((type) => ({type})),
      cgroupsPath: `/${id}`,
      resources: {memory: {limit: memoryBytes}},
    },
  };
}
