import packageJson from '../package.json' with {type: 'json'};
import {httpUrl, port, readConfig, text} from '../src/lib/config.ts';

const TABLE = {
  port: {
    env: 'FOREBAY_CONSOLE_PORT',
    description: 'where the console listens',
    parse: port,
    default: 8790,
  },
  host: {
    env: 'FOREBAY_HOST',
    description: 'the address it listens on; 0.0.0.0 in a container',
    parse: text,
    default: '127.0.0.1',
  },
  adminKey: {
    env: 'FOREBAY_ADMIN_KEY',
    description:
      'key of the gateway with the scope admin; the console asks its own callers for the same one',
    parse: text,
  },
  gatewayUrl: {
    env: 'FOREBAY_GATEWAY_URL',
    description: 'base URL of the gateway',
    parse: httpUrl,
    default: 'http://127.0.0.1:8787',
  },
  drainUrls: {
    env: 'FOREBAY_DRAIN_URLS',
    description: 'base URLs of all drain replicas, comma-separated',
    parse: httpUrls,
    default: ['http://127.0.0.1:8788'],
  },
  processorUrls: {
    env: 'FOREBAY_PROCESSOR_URLS',
    description: 'base URLs of all processor replicas, comma-separated',
    parse: httpUrls,
    default: ['http://127.0.0.1:8789'],
  },
  version: {
    env: 'FOREBAY_VERSION',
    description: 'version to report',
    parse: text,
    default: packageJson.version,
  },
  pipelinePath: {
    env: 'FOREBAY_PIPELINE',
    description: 'path of the pipeline definition; the shipped one without it',
    parse: text,
    default: '',
  },
};

/** @throws ForebayError `CONFIG_INVALID` */
export function consoleConfig(env: Readonly<Record<string, string | undefined>>) {
  return readConfig(TABLE, env);
}

export type ConsoleConfig = ReturnType<typeof consoleConfig>;

function httpUrls(value: string): readonly string[] {
  return value.split(',').map((url) => httpUrl(url.trim()));
}
