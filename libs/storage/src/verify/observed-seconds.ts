import type { SimulationSettings } from '../schema/settings.repository.js';

/** When a sample was taken. Times in milliseconds since 1970. */
export interface Observation {
  readonly slot: number;
  readonly windowSeconds: number;
  /** `history`: the source reported the price of a past instant, `sourceTimeMs`. */
  readonly origin: 'live' | 'history';
  readonly requestedMs: number | undefined;
  readonly observedMs: number | undefined;
  readonly sourceTimeMs: number | undefined;
}

/** How far the clock of a worker may be off, in milliseconds: by that much its request may have lain earlier or later. */
const CLOCK_OFFSET_MS = 250;

/**
 * The UNIX seconds whose price the sample may have, both inclusive. An observation far outside of its window is cut to the
 * window: it is broken anyway, and must not be able to choose its price from a day.
 * @returns undefined when no second is left.
 */
export function secondsOf(observation: Observation): { from: number; to: number } | undefined {
  const { origin, slot, windowSeconds, requestedMs, observedMs, sourceTimeMs } = observation;
  if (origin === 'history') {
    const second = Math.floor((sourceTimeMs ?? slot * 1000) / 1000);
    return { from: second, to: second };
  }
  if (requestedMs === undefined || observedMs === undefined) return undefined;
  const from = Math.max(Math.floor((requestedMs - CLOCK_OFFSET_MS) / 1000), slot - 1);
  const to = Math.min(Math.floor((observedMs + CLOCK_OFFSET_MS) / 1000), slot + windowSeconds);
  return from > to ? undefined : { from, to };
}

/**
 * The simulations that may have answered: those that held at some instant between request and receipt. A past was reported by
 * the one that held when it was received. What is older than the first simulation belongs to the first.
 */
export function simulationsAt(
  simulations: readonly SimulationSettings[],
  { requestedMs, observedMs, slot }: Observation,
): SimulationSettings[] {
  const to = ((observedMs ?? slot * 1000) + CLOCK_OFFSET_MS) / 1000;
  const from = ((requestedMs ?? observedMs ?? slot * 1000) - CLOCK_OFFSET_MS) / 1000;
  const held = simulations.filter((simulation, index) => {
    const next = simulations[index + 1];
    return (simulation.since <= to || index === 0) && (next === undefined || next.since >= from);
  });
  return held;
}
