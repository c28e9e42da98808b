/** A word of the command line that runs a program of its own in this process. */
export interface ProcessCommand {
  readonly name: string;
  /** For the help. */
  readonly description: string;
  /** Its compiled entry point, seen from here. */
  readonly entry: string;
}

/** The processes of the system and what works on its database; what answers without a database stands in program.ts. */
export const PROCESS_COMMANDS: readonly ProcessCommand[] = [
  {
    name: 'all',
    description: 'migrate, scheduler, worker and api together, against the database of DATABASE_URL',
    entry: '../../standalone/src/all.main.js',
  },
  { name: 'api', description: 'the read-only API', entry: '../../api/src/main.js' },
  { name: 'worker', description: 'a worker: calls the sources and stores', entry: '../../worker/src/main.js' },
  {
    name: 'scheduler',
    description: 'a scheduler: plans, closes, control API and queue board',
    entry: '../../scheduler/src/main.js',
  },
  {
    name: 'migrate',
    description: 'bring the schema up to date, then end',
    entry: '../../scheduler/src/migrate.main.js',
  },
  {
    name: 'simulator',
    description: 'a stand-in for the sources, with prices of its own',
    entry: '../../simulator/src/main.js',
  },
  {
    name: 'health',
    description:
      'ask every process that listens in this container whether it is ready; status 1 and why when one is not, or is missing from `all`',
    entry: './health.main.js',
  },
  {
    name: 'verify',
    description: 'prove the invariants on the database of DATABASE_URL; --json',
    entry: './verify.main.js',
  },
  {
    name: 'replay',
    description: 'read stored answers again: --from DAY --to DAY [--source NAME] [--apply]',
    entry: './replay.main.js',
  },
];
