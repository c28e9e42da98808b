import { ExpectedPricesUnavailableError, type ExpectedPricesOf, type ExpectedPriceQuestion } from '@app/storage';
import { z } from 'zod';
import { startSimulator, type SimulatorProcess, type Simulation } from './simulator-process.js';

/** The simulator takes this many questions at a time. */
const MOST_QUESTIONS = 10_000;
const ANSWER_LIMIT_MS = 60_000;
/** A database whose demo was started with many seeds must not bring as many processes to life. */
const MOST_SIMULATORS = 2;

const seedSchema = z.object({ seed: z.string() });
const refusalSchema = z.object({ errors: z.array(z.object({ field: z.string() })) });
const answerSchema = z.object({ prices: z.array(z.array(z.string())) });

interface KnownSimulator extends SimulatorProcess {
  /** Names that were asked for before, and whether the simulator has them. */
  readonly names: Map<string, boolean>;
}

/** Asks simulators of our own, one for each seed and history, what the prices were. */
export class SimulatorPrices {
  /** The one that was asked last stands last. */
  private readonly simulators = new Map<string, KnownSimulator>();

  /**
   * @param entry the simulator's compiled entry point.
   * @param runningUrl a simulator that runs and is asked instead: it knows what its market and its faults were, too.
   * @param sourcesFile declares further sources.
   */
  constructor(
    private readonly entry: string,
    private readonly runningUrl?: string,
    private readonly sourcesFile?: string,
  ) {}

  readonly expectedPricesOf: ExpectedPricesOf = async (questions) => {
    const answers = new Array<readonly string[] | undefined>(questions.length);
    const groups = Map.groupBy(questions.keys(), (index) => keyOf(questions[index]));
    for (const indexes of groups.values()) {
      const asked = indexes.map((index) => questions[index]).filter((question) => question !== undefined);
      const prices = await this.ask(asked);
      indexes.forEach((index, place) => (answers[index] = prices[place]));
    }
    return answers;
  };

  /** Ends every simulator. */
  async stop(): Promise<void> {
    for (const simulator of this.simulators.values()) await simulator.stop();
    this.simulators.clear();
  }

  /** Asks one simulator; all questions are about the same seed and history. */
  private async ask(questions: readonly ExpectedPriceQuestion[]): Promise<(readonly string[] | undefined)[]> {
    const [first] = questions;
    if (first === undefined) return [];
    const simulator = await this.simulatorOf(first);
    for (const question of questions) {
      const name = nameOf(question);
      // One unknown name would have the whole page refused.
      if (!simulator.names.has(name)) simulator.names.set(name, (await post(simulator.url, [question])) !== undefined);
    }
    const known = questions.filter((question) => simulator.names.get(nameOf(question)) === true);
    const prices: (readonly string[])[] = [];
    for (let start = 0; start < known.length; start += MOST_QUESTIONS) {
      const page = await post(simulator.url, known.slice(start, start + MOST_QUESTIONS));
      if (page === undefined) throw new ExpectedPricesUnavailableError('the simulator refused a page of questions');
      prices.push(...page);
    }
    const next = prices.values();
    return questions.map((question) =>
      simulator.names.get(nameOf(question)) === true ? next.next().value : undefined,
    );
  }

  private async simulatorOf(question: ExpectedPriceQuestion): Promise<KnownSimulator> {
    const key = keyOf(question);
    const running = this.simulators.get(key);
    this.simulators.delete(key);
    const simulator = running ?? { ...(await this.find(question.simulation)), names: new Map() };
    this.simulators.set(key, simulator);
    for (const [oldest, surplus] of this.simulators) {
      if (this.simulators.size <= MOST_SIMULATORS) break;
      this.simulators.delete(oldest);
      await surplus.stop();
    }
    return simulator;
  }

  private async find(simulation: Simulation): Promise<SimulatorProcess> {
    if (this.runningUrl === undefined) return startSimulator(this.entry, simulation, this.sourcesFile);
    const url = this.runningUrl.replace(/\/+$/, '');
    const answer = await fetch(`${url}/simulator`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) }).catch(
      (cause: unknown) => {
        throw new ExpectedPricesUnavailableError('the simulator of SIMULATOR_URL does not answer', { cause });
      },
    );
    const { seed } = seedSchema.parse(await answer.json());
    if (seed !== simulation.seed) {
      throw new ExpectedPricesUnavailableError(
        `the simulator of SIMULATOR_URL has the seed ${seed}, the prices are of ${simulation.seed}`,
      );
    }
    return { url, stop: async () => undefined };
  }
}

function keyOf(question: ExpectedPriceQuestion | undefined): string {
  return JSON.stringify([question?.simulation.seed, question?.simulation.history]);
}

function nameOf({ source, name, quote }: ExpectedPriceQuestion): string {
  return JSON.stringify([source, name, quote]);
}

/** Prices for each question; undefined when the simulator refuses, which it does for a name that it does not know. */
async function post(url: string, questions: readonly ExpectedPriceQuestion[]): Promise<string[][] | undefined> {
  const items = questions.map(({ source, name, quote, fromSecond: from, toSecond: to }) => ({
    source,
    name,
    quote,
    from,
    to,
  }));
  const answer = await fetch(`${url}/simulator/expected-prices`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ items }),
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  }).catch((cause: unknown) => {
    throw new ExpectedPricesUnavailableError('the simulator does not answer', { cause });
  });
  if (answer.status === 400) {
    const { errors } = refusalSchema.parse(await answer.json());
    if (errors.every(({ field }) => !field.endsWith('.source'))) return undefined;
    const sources = [...new Set(questions.map(({ source }) => source))].join(', ');
    throw new ExpectedPricesUnavailableError(
      `the simulator does not have every source of ${sources}: name the file that declares it in HTTP_SOURCES_FILE`,
    );
  }
  if (!answer.ok) throw new ExpectedPricesUnavailableError(`the simulator answered ${answer.status}`);
  const { prices } = answerSchema.parse(await answer.json());
  if (prices.length !== questions.length)
    throw new ExpectedPricesUnavailableError('the simulator answered another number of questions');
  return prices;
}
