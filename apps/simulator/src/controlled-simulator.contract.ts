import { createSimulator, type Simulator, type SimulatorOptions } from './simulator.js';

/** A Thursday noon in UTC. */
export const SECOND = 1_766_059_200;

/** A simulator with a clock that stands until it is moved, and the calls that tests make to it. */
export class ControlledSimulator {
  nowMs = SECOND * 1000 + 250;
  private simulator: Simulator | undefined;
  private address = '';

  async start(options: Partial<SimulatorOptions> = {}): Promise<void> {
    this.nowMs = SECOND * 1000 + 250;
    this.simulator = await createSimulator({ seed: 'spec', now: () => this.nowMs, ...options });
    this.address = await this.simulator.listen(0);
  }

  stop(): Promise<void> {
    return this.running.close();
  }

  get running(): Simulator {
    if (this.simulator === undefined) throw new Error('the simulator was not started');
    return this.simulator;
  }

  /** Puts clock, faults and events back. */
  reset(): void {
    this.nowMs = SECOND * 1000 + 250;
    this.running.faults.end();
    this.running.events.remove();
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(this.address + path, { headers });
  }

  async json(path: string, headers: Readonly<Record<string, string>> = {}): Promise<JsonBody> {
    return bodyOf(await this.get(path, headers));
  }

  async post(path: string, body: unknown): Promise<{ readonly status: number; readonly body: JsonBody }> {
    const response = await fetch(`${this.address}/simulator${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const parsed = await bodyOf(response);
    return { status: response.status, body: parsed };
  }

  remove(path: string): Promise<Response> {
    return fetch(`${this.address}/simulator${path}`, { method: 'DELETE' });
  }

  /** The texts of one second, the honest one first. */
  async expectedPrices(source: string, name: string, quote = 'usd', second = SECOND): Promise<readonly string[]> {
    const answer = await this.post('/expected-prices', { items: [{ source, name, quote, from: second, to: second }] });
    const { prices } = answer.body as { readonly prices: readonly (readonly string[])[] };
    return prices[0] ?? [];
  }
}

/** A body as JSON, whatever it is: the expectations say its shape. */
type JsonBody = ReturnType<typeof JSON.parse>;

async function bodyOf(response: Response): Promise<unknown> {
  return JSON.parse(await response.text()) as unknown;
}
