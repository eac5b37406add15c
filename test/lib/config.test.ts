import {expect, test} from 'vitest';
import {httpUrl, port, readConfig, text} from '../../src/lib/config.ts';

const TABLE = {
  url: {env: 'URL', description: 'where it is', parse: httpUrl},
  port: {env: 'PORT', description: 'where it listens', parse: port, default: 8788},
  name: {env: 'NAME', description: 'what it is called', parse: text, default: 'x'},
};

test('defaults fill what is not set, and an empty variable counts as not set', () => {
  expect(readConfig(TABLE, {URL: 'http://127.0.0.1:1/', NAME: ''})).toEqual({
    url: 'http://127.0.0.1:1',
    port: 8788,
    name: 'x',
  });
});

test('every missing or malformed variable is reported in one error', () => {
  expect(() => readConfig(TABLE, {PORT: '99999'})).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(
        /URL is not set: where it is; PORT=99999: must be a whole number/,
      ),
    }),
  );
});
