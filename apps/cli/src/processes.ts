/** A word of the command line that runs a program of its own in this process. */
export interface ProcessCommand {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What it does, for its own help. */
  readonly description: string;
  /** The few variables that matter most; docs/configuration.md has all of them. */
  readonly reads: readonly string[];
  readonly group: 'care' | 'process';
  /** Its compiled entry point, seen from here. */
  readonly entry: string;
  /** Whether it reads options of its own; what is not its own takes none. */
  readonly hasOptions?: true;
}

/** The processes of the system and what works on its database; what answers a question stands in program.ts. */
export const PROCESS_COMMANDS: readonly ProcessCommand[] = [
  {
    name: 'verify',
    summary: 'prove the invariants on what is stored',
    description: 'Proves the invariants on what is stored.',
    reads: ['DATABASE_URL', 'TIDEMARK_HOME', 'SIMULATOR_URL'],
    group: 'care',
    entry: './verify.main.js',
    hasOptions: true,
  },
  {
    name: 'replay',
    summary: "read stored answers again with today's parsers",
    description: "Reads stored answers again with today's parsers.",
    reads: ['DATABASE_URL', 'TIDEMARK_HOME', 'DRIFT_POLICY'],
    group: 'care',
    entry: './replay.main.js',
    hasOptions: true,
  },
  {
    name: 'migrate',
    summary: 'bring the schema of the database up to date, then end',
    description:
      'Brings the schema of the database up to date, makes the role that the API reads as, and ends. The database is there already, and may be empty.',
    reads: ['DATABASE_URL', 'API_DATABASE_PASSWORD', 'QUEUE_URL'],
    group: 'care',
    entry: '../../scheduler/src/migrate.main.js',
  },
  {
    name: 'health',
    summary: 'ask the processes here whether they are ready',
    description:
      'Asks every process that listens on this machine, or in this container, whether it is ready. Ends with status 1 and says why when one is not, when one is missing from `tidemark all`, or when none listens.',
    reads: ['API_PORT', 'CONTROL_PORT', 'WORKER_PORT'],
    group: 'care',
    entry: './health.main.js',
  },
  {
    name: 'all',
    summary: 'migrate, then scheduler, worker and api together',
    description: 'Migrates, then runs scheduler, worker and api together against one database: for a single container.',
    reads: ['DATABASE_URL', 'QUEUE_URL', 'API_PORT'],
    group: 'process',
    entry: '../../standalone/src/all.main.js',
  },
  {
    name: 'scheduler',
    summary: 'plan and close slots; control API and queue board',
    description: 'Plans what is due and closes slots; serves the control API and the queue board.',
    reads: ['DATABASE_URL', 'CATALOGUE_FILE', 'CONTROL_PASSWORD'],
    group: 'process',
    entry: '../../scheduler/src/main.js',
  },
  {
    name: 'worker',
    summary: 'call the sources and store what they answer',
    description: 'Calls the sources, checks what they answer and stores it.',
    reads: ['DATABASE_URL', 'QUEUE_URL', 'WORKER_PORT'],
    group: 'process',
    entry: '../../worker/src/main.js',
  },
  {
    name: 'api',
    summary: 'serve what is stored, read-only',
    description: 'Serves what is stored, as a role of the database that may only read.',
    reads: ['DATABASE_URL', 'API_DATABASE_PASSWORD', 'API_PORT'],
    group: 'process',
    entry: '../../api/src/main.js',
  },
  {
    name: 'simulator',
    summary: 'stand in for the sources, with prices of its own',
    description: 'Stands in for the sources, with prices of its own.',
    reads: ['SIMULATOR_PORT', 'SIMULATOR_SEED'],
    group: 'process',
    entry: '../../simulator/src/main.js',
  },
];
