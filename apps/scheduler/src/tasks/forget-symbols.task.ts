import { RefusedSymbolRepository } from '@app/storage';
import type { Task, TaskOptions } from './task.js';

/** Forgets that a source refuses a symbol which the catalogue no longer names. */
export function forgetSymbols({ pool, logger }: Pick<TaskOptions, 'pool' | 'logger'>): Task {
  const repository = new RefusedSymbolRepository(pool);
  return {
    name: 'forget-symbols',
    everySeconds: 60,
    offsetMs: 45_000,
    run: async () => {
      const count = await repository.forgetUnnamed();
      if (count > 0) logger.info({ event: 'source_symbols_forgotten', count }, 'the catalogue names them no longer');
    },
  };
}
