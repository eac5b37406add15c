/**
 * Counters, gauges and histograms in Prometheus' text format 0.0.4. Labels must be bounded: never a key, an id or a path.
 * Per batch, never per record, where that makes a difference.
 */
export type Labels = Readonly<Record<string, string>>;

/** Seconds; wide enough from one in-memory hop to a Kafka that has been slow for a minute. */
export const DURATION_BUCKETS_S = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60,
];

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  lines(): string[];
}

export class Counter implements Metric {
  readonly type = 'counter';
  readonly name: string;
  readonly help: string;
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  add(amount: number, labels: Labels = {}): void {
    const series = seriesOf(labels);
    this.#values.set(series, (this.#values.get(series) ?? 0) + amount);
  }

  value(labels: Labels = {}): number {
    return this.#values.get(seriesOf(labels)) ?? 0;
  }

  lines(): string[] {
    return [...this.#values].map(([series, value]) => `${this.name}${series} ${value}`);
  }
}

/** A gauge is read when it is asked for, so it can never be stale. */
export class Gauge implements Metric {
  readonly type = 'gauge';
  readonly name: string;
  readonly help: string;
  readonly #read: () => Iterable<readonly [Labels, number]>;

  constructor(name: string, help: string, read: () => Iterable<readonly [Labels, number]>) {
    this.name = name;
    this.help = help;
    this.#read = read;
  }

  lines(): string[] {
    return Array.from(
      this.#read(),
      ([labels, value]) => `${this.name}${seriesOf(labels)} ${value}`,
    );
  }
}

interface Distribution {
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Histogram implements Metric {
  readonly type = 'histogram';
  readonly name: string;
  readonly help: string;
  readonly #buckets: readonly number[];
  readonly #series = new Map<
    string,
    {readonly labels: Labels; readonly distribution: Distribution}
  >();

  constructor(name: string, help: string, buckets: readonly number[] = DURATION_BUCKETS_S) {
    this.name = name;
    this.help = help;
    this.#buckets = buckets;
  }

  observe(value: number, labels: Labels = {}): void {
    const series = seriesOf(labels);
    let entry = this.#series.get(series);
    if (entry === undefined) {
      entry = {labels, distribution: {counts: this.#buckets.map(() => 0), sum: 0, count: 0}};
      this.#series.set(series, entry);
    }
    const {distribution} = entry;
    const bucket = this.#buckets.findIndex((bound) => value <= bound);
    if (bucket >= 0) distribution.counts[bucket] = distribution.counts[bucket]! + 1;
    distribution.sum += value;
    distribution.count += 1;
  }

  lines(): string[] {
    return [...this.#series.values()].flatMap(({labels, distribution}) => {
      let below = 0;
      const buckets = this.#buckets.map((bound, index) => {
        below += distribution.counts[index]!;
        return `${this.name}_bucket${seriesOf({...labels, le: String(bound)})} ${below}`;
      });
      const series = seriesOf(labels);
      return [
        ...buckets,
        `${this.name}_bucket${seriesOf({...labels, le: '+Inf'})} ${distribution.count}`,
        `${this.name}_sum${series} ${distribution.sum}`,
        `${this.name}_count${series} ${distribution.count}`,
      ];
    });
  }
}

/** All metrics of one program, as `GET /metrics` shows them. */
export function prometheusText(metrics: readonly Metric[]): string {
  return metrics
    .flatMap((metric) => [
      `# HELP ${metric.name} ${metric.help}`,
      `# TYPE ${metric.name} ${metric.type}`,
      ...metric.lines(),
      '',
    ])
    .join('\n');
}

function seriesOf(labels: Labels): string {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return '';
  return `{${pairs.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
