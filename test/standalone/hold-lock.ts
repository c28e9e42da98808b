import { lockFolder } from '../../libs/embedded/src/single-instance.js';

// Holds the lock of a folder, by the means of the platform that it is given, until it is killed.
await lockFolder(process.argv[2] ?? '', { platform: process.argv[3] });
process.stdout.write('held\n');
setInterval(() => undefined, 1_000);
