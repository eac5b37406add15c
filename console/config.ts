import {httpUrl, port, readConfig, text} from '../src/lib/config.ts';
import {COMMON_OPTIONS, type Env} from '../src/program/program-config.ts';

const TABLE = {
  ...COMMON_OPTIONS,
  port: {
    env: 'FOREBAY_CONSOLE_PORT',
    description: 'where the console listens',
    parse: port,
    default: 8790,
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
};

/** @throws ForebayError `CONFIG_INVALID` */
export function consoleConfig(env: Env) {
  return readConfig(TABLE, env);
}

function httpUrls(value: string): readonly string[] {
  return value.split(',').map((url) => httpUrl(url.trim()));
}
