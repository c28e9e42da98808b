import { startEmbeddedPostgres } from '../../libs/embedded/src/embedded-postgres.js';

// A launcher for a test to kill: it runs a database in the folder that it is given.
const postgres = await startEmbeddedPostgres({ dataFolder: process.argv[2] ?? '' });
process.stdout.write(`ready ${postgres.pid}\n`);
