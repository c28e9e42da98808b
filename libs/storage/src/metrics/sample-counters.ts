import { Counter, type Registry } from '@prometheus-io/client';

const STORED = 'tidemark_samples_total';
const REVISED = 'tidemark_revised_samples_total';

/** What a sample came to. */
export interface CountedSample {
  /** Name of the source. */
  readonly source: string;
  readonly outcome: string;
  /** Undefined where accepted. */
  readonly reason?: string | undefined;
}

/**
 * Counts samples where they are stored: every sample once, as it stood then, by the process that heard of the commit. One that stands
 * otherwise later (a jump that was confirmed, a price that was converted when its rate came, an answer in place of a slot that was closed) is
 * counted there once more, with what it was, so that the difference of the two is what stands.
 */
export class SampleCounters {
  private readonly stored: Counter<string>;
  private readonly revised: Counter<string>;

  /** A second one of the same registry counts on in the first. */
  constructor(registry: Registry) {
    this.stored = counterOf(registry, {
      name: STORED,
      help: 'Samples as they stood when they were stored, each once, by source, outcome and reason; accepted ones have no reason.',
      labelNames: ['source', 'outcome', 'reason'],
    });
    this.revised = counterOf(registry, {
      name: REVISED,
      help: 'Samples that stand otherwise than before: was is the reason of before, or accepted; outcome and reason are those of after.',
      labelNames: ['source', 'was', 'outcome', 'reason'],
    });
  }

  /** Counts one that was stored, or several that came to the same. */
  countStored({ source, outcome, reason = '' }: CountedSample, samples = 1): void {
    this.stored.inc({ source, outcome, reason }, samples);
  }

  /** @param was its reason before, or `accepted`. */
  countRevised({ source, outcome, reason = '' }: CountedSample, was: string): void {
    this.revised.inc({ source, was, outcome, reason });
  }
}

function counterOf(
  registry: Registry,
  { name, ...options }: { readonly name: string; readonly help: string; readonly labelNames: string[] },
): Counter<string> {
  const known = registry.getSingleMetric(name);
  return known instanceof Counter ? known : new Counter({ name, ...options, registers: [registry] });
}
