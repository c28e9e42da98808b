import { allPorts, healthSettings, loadSettings } from '@app/config';
import { isAllAnnounced, prepareOrExit } from '@app/process';
import { askPort, readyAmong, whyUnhealthy } from './health/ask-health.js';

const settings = await prepareOrExit(() => loadSettings(healthSettings));
const { API_PORT, CONTROL_PORT, WORKER_PORT, SIMULATOR_PORT } = settings;
const ports = [API_PORT, CONTROL_PORT, WORKER_PORT, SIMULATOR_PORT];
const processes = allPorts(settings);
// What of `tidemark all` does not listen is missing; by themselves processes may be any of them.
const expected = (await isAllAnnounced(processes)) ? processes : {};
const answers = await Promise.all(ports.map(async (port) => [port, await askPort(port)] as const));
const why = whyUnhealthy(new Map(answers), expected);
if (why !== undefined) process.stderr.write(`${why}\n`);
else process.stdout.write(`ready: ${readyAmong(new Map(answers), { ...processes, simulator: SIMULATOR_PORT })}\n`);
// At once: an idle connection must not keep the process.
process.exit(why === undefined ? 0 : 1);
