import { restOf } from '@app/domain';
import { callLimitsOf, SOURCES } from '@app/sources';
import { readRecentStandings, RefusedSymbolRepository, SourceStateRepository, usedCredits } from '@app/storage';
import { Gauge } from '@prometheus-io/client';
import type { Task, TaskOptions } from './task.js';

const labelNames = ['source'];
const paused = new Gauge({
  name: 'tidemark_source_paused',
  help: '1 while the source has asked to be left alone.',
  labelNames,
});
const circuitOpen = new Gauge({
  name: 'tidemark_source_circuit_open',
  help: '1 while the circuit of the source is open: it kept failing, refused us, or has no key.',
  labelNames,
});
const failures = new Gauge({
  name: 'tidemark_source_failures',
  help: 'Failures of the source since its last success.',
  labelNames,
});
const disagreeingTickers = new Gauge({
  name: 'tidemark_source_disagreeing_tickers',
  help: 'Tickers in which the source is contradicted in most of its last slots.',
  labelNames,
});
const unusable = new Gauge({
  name: 'tidemark_source_unusable',
  help: '1 while the source answers and nothing of its last answers could be used.',
  labelNames,
});
const refusedSymbols = new Gauge({
  name: 'tidemark_source_refused_symbols',
  help: 'Source symbols of the catalogue that the source refuses; they are left out of its calls.',
  labelNames,
});
const creditsUsed = new Gauge({
  name: 'tidemark_source_credits_used',
  help: 'Credits of the month of now that have been used.',
  labelNames,
});
const creditsLeft = new Gauge({
  name: 'tidemark_source_credits_left',
  help: 'Credits of the month of now that are left.',
  labelNames,
});

/** Exports how the sources stand with the whole fleet: read from Postgres as often as Prometheus usually looks, and not at every scrape. */
export function readSourceStates({
  pool,
  access,
  limited,
  now,
}: Pick<TaskOptions, 'pool' | 'access' | 'limited' | 'now'>): Task {
  const repository = new SourceStateRepository(pool);
  const symbols = new RefusedSymbolRepository(pool);
  return {
    name: 'read-source-states',
    everySeconds: 15,
    offsetMs: 900,
    run: async (signal) => {
      const nowMs = now();
      const states = new Map((await repository.list()).map((state) => [state.sourceId, state]));
      const standings = await readRecentStandings(pool, nowMs);
      const refused = Map.groupBy(await symbols.list(), ({ sourceId }) => sourceId);
      for (const source of SOURCES) {
        signal.throwIfAborted();
        const state = states.get(source.id);
        if (state === undefined) continue;
        const labels = { source: source.name };
        paused.set(labels, restOf({ ...state, circuitOpenUntilMs: undefined }, nowMs) === undefined ? 0 : 1);
        circuitOpen.set(labels, state.circuitOpenUntilMs === undefined ? 0 : 1);
        failures.set(labels, state.failures);
        disagreeingTickers.set(labels, standings.get(source.id)?.disagreeingTickers ?? 0);
        unusable.set(labels, standings.get(source.id)?.isUnusable === true ? 1 : 0);
        refusedSymbols.set(labels, refused.get(source.id)?.length ?? 0);
        const { monthly } = callLimitsOf(source, access[source.name]);
        if (!limited || monthly === undefined) continue;
        const used = await usedCredits(pool, source.id, nowMs);
        creditsUsed.set(labels, used);
        creditsLeft.set(labels, Math.max(0, monthly - used));
      }
    },
  };
}
