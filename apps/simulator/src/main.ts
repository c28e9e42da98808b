import { loadSettings, simulatorSettings } from '@app/config';
import { createLogger } from '@app/observability';
import { prepareOrExit, runProcess } from '@app/process';
import { readHistoryFile } from './market/history-file.js';
import { createSimulator } from './simulator.js';
import { readDeclaredStandIns } from './sources/declared-stand-in.js';
import { simulateSources } from './sources/registry.js';

const settings = await prepareOrExit(() => loadSettings(simulatorSettings));
const logger = createLogger({ name: 'simulator', level: settings.LOG_LEVEL });

runProcess(logger, async () => {
  simulateSources(await readDeclaredStandIns(settings.HTTP_SOURCES_FILE));
  const path = settings.SIMULATOR_HISTORY;
  const history = path === undefined ? undefined : await readHistoryFile(path);
  const simulator = await createSimulator({
    seed: settings.SIMULATOR_SEED,
    history,
    syntheticCount: settings.SIMULATOR_ASSETS,
    listRefusalsPercent: settings.SIMULATOR_LIST_REFUSALS_PERCENT,
    logger,
  });
  const address = await simulator.listen(settings.SIMULATOR_PORT, settings.SIMULATOR_HOST);
  logger.info({ address, seed: settings.SIMULATOR_SEED, history: path, bars: history?.closes.length }, 'listening');
  return simulator;
});
