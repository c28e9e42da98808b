import { allPorts, healthSettings, settingsOrExit } from '@app/config';
import { isAllAnnounced } from '@app/process';
import { askPort, whyUnhealthy } from './health/ask-health.js';

const settings = settingsOrExit(healthSettings);
const { PORT, API_PORT, CONTROL_PORT, WORKER_PORT, SIMULATOR_PORT } = settings;
// Only `tidemark all` listens on PORT; an API by itself listens on API_PORT, also where PORT is set.
const ports = [...(PORT === undefined ? [] : [PORT]), API_PORT, CONTROL_PORT, WORKER_PORT, SIMULATOR_PORT];
const processes = allPorts(settings);
// What of `tidemark all` does not listen is missing; by themselves processes may be any of them.
const expected = (await isAllAnnounced(processes)) ? processes : {};
const answers = await Promise.all(ports.map(async (port) => [port, await askPort(port)] as const));
const why = whyUnhealthy(new Map(answers), expected);
if (why !== undefined) process.stderr.write(`${why}\n`);
// At once: an idle connection must not keep the process.
process.exit(why === undefined ? 0 : 1);
