import tidemark from '../../../package.json' with { type: 'json' };

/** What `--version` says: the version of the product, that of package.json, and of the Node it runs on. */
export const VERSION = `tidemark ${tidemark.version} (Node ${process.version.slice(1)})`;
