import { declaredSourceSettings, loadSettings, schedulerSettings, sourceSettingsOf } from '@app/config';
import { prepareOrExit } from '@app/process';
import { declareSources, readDeclaredSources, SOURCES } from '@app/sources';
import { readStart } from './catalogue/starting-catalogue.js';

// What a scheduler would refuse to begin with: the launcher and `tidemark all` ask before they start anything. No store is asked.
await prepareOrExit(async () => {
  declareSources(await readDeclaredSources(loadSettings(declaredSourceSettings)));
  await readStart(loadSettings({ ...schedulerSettings, ...sourceSettingsOf(SOURCES) }));
});
