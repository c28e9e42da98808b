import { foreseenStatus } from '@app/process';
import { loadLauncherSettings } from '../../apps/standalone/src/launch/launcher-settings.js';
import { runSystem } from '../../apps/standalone/src/launch/launcher.js';

// The launcher as main.ts runs it, with the apps of the folder that it is given in place of the real ones.
const mode = process.argv[3] === 'start' ? 'start' : 'demo';
const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
try {
  await runSystem({
    mode,
    settings: loadLauncherSettings(mode),
    appsFolder: process.argv[2] ?? '',
    columns: () => 80,
    print: (line) => void process.stdout.write(`${line}\n`),
    signal: ending.signal,
    afterReady: async ({ simulatorUrl }) => void process.stdout.write(`hook ${simulatorUrl}\n`),
  });
  process.exit(0);
} catch (error) {
  process.stdout.write(`refused: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(foreseenStatus(error) ?? 1);
}
