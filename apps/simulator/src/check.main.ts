import { loadSettings, simulatorSettings } from '@app/config';
import { prepareOrExit } from '@app/process';
import { readHistoryFile } from './market/history-file.js';

// What a simulator would refuse to begin with: the launcher asks before it starts anything.
await prepareOrExit(async () => {
  const { SIMULATOR_HISTORY: path } = loadSettings(simulatorSettings);
  if (path !== undefined) await readHistoryFile(path);
});
