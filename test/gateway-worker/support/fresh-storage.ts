/** Files share a workerd; none of them finds what another stored. */
import {reset} from 'cloudflare:test';
import {beforeAll} from 'vitest';

beforeAll(() => reset());
