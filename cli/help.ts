import type {Verb} from './verb.ts';

const COMMON = [
  ['--json', 'one JSON value on stdout'],
  ['--help', 'this'],
] as const;

const SETTINGS = [
  ['FOREBAY_GATEWAY_URL', "the gateway; without it, that of this machine's npm start"],
  ['FOREBAY_KEY', 'API key that sends'],
  ['FOREBAY_ADMIN_KEY', 'API key with the scope admin'],
  ['KAFKA_BROKERS, FOREBAY_TOPIC_PREFIX', 'for what reads topics'],
  ['FOREBAY_STATE_DIR', 'where npm start keeps its state; .forebay'],
] as const;

export function overview(verbs: readonly Verb[]): string[] {
  return [
    'forebay VERB [ARGUMENTS]',
    '',
    ...columns(verbs.map(({name, summary}) => [name, summary])),
    '',
    'forebay VERB --help tells more.',
    '',
    ...columns(SETTINGS),
  ];
}

export function helpOf({name, summary, usage, options}: Verb): string[] {
  const rows = Object.entries(options).map(
    ([option, {value, description}]) =>
      [value === undefined ? `--${option}` : `--${option} ${value}`, description] as const,
  );
  return [
    ...usage.map((line) => `forebay ${name} ${line}`),
    '',
    summary,
    '',
    ...columns([...rows, ...COMMON]),
  ];
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
