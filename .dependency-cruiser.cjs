/**
 * Who may import whom. Every rule's comment says the cure, and dependency-cruiser prints it with the violation.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const tests = '(\\.spec\\.ts$|\\.contract\\.ts$|^test/|^tools/)';

module.exports = {
  forbidden: [
    {
      name: 'domain-is-pure',
      severity: 'error',
      comment:
        'libs/domain imports nothing but pure libraries, decimal.js and fastest-levenshtein: move what needs more into the lib that owns it, or take it as an argument.',
      from: { path: '^libs/domain/', pathNot: tests },
      to: { pathNot: '^(libs/domain/|node_modules/(decimal\\.js|fastest-levenshtein)/)' },
    },
    {
      name: 'foundation-libs-are-alone',
      severity: 'error',
      comment:
        'libs/config, libs/observability and libs/openapi import external packages only: pass what they need as an argument.',
      from: { path: '^libs/(config|observability|openapi)/', pathNot: tests },
      to: { path: '^(apps|libs)/', pathNot: '^libs/$1/' },
    },
    {
      name: 'embedded-only-knows-config',
      severity: 'error',
      comment: 'libs/embedded imports libs/config and external packages only: pass what it needs as an argument.',
      from: { path: '^libs/embedded/', pathNot: tests },
      to: { path: '^(apps|libs)/', pathNot: '^libs/(embedded|config)/' },
    },
    {
      name: 'snapshots-only-know-config',
      severity: 'error',
      comment:
        'libs/snapshots writes files, for the scheduler and the command line: it imports libs/config and external packages only. Pass the lines as an argument.',
      from: { path: '^libs/snapshots/', pathNot: tests },
      to: { path: '^(apps|libs)/', pathNot: '^libs/(snapshots|config)/' },
    },
    {
      name: 'ingestion-knows-what-it-joins',
      severity: 'error',
      comment:
        'libs/ingestion runs over lists for the worker and the command line: it joins libs/sources and libs/storage, and imports libs/domain and libs/yaml-file besides. A queue, settings and logs belong to an app: take what they say as an argument.',
      from: { path: '^libs/ingestion/', pathNot: tests },
      to: { path: '^(apps|libs)/', pathNot: '^libs/(ingestion|domain|sources|storage|yaml-file)/' },
    },
    {
      name: 'process-only-knows-logs',
      severity: 'error',
      comment:
        'libs/process is what every process shares and imports libs/observability alone: what it asks of a database or a queue is handed over as a function by an app.',
      from: { path: '^libs/process/', pathNot: tests },
      to: { path: '^(apps|libs)/', pathNot: '^libs/(process|observability)/' },
    },
    {
      name: 'processes-start-without-nest',
      severity: 'error',
      comment:
        'Every process loads libs/config, libs/observability and @app/process, `tidemark all` and `health` too, which load no framework: what needs one belongs into libs/process/src/server.',
      from: {
        path: '^(libs/(config|observability|process)/|apps/(standalone|cli)/)',
        pathNot: [tests, '^libs/process/src/server/'],
      },
      to: {
        path: '^(node_modules/(@nestjs/|fastify/|@fastify/|@prometheus-io/)|libs/(process/src/server|storage/src/metrics)/)',
      },
    },
    {
      name: 'middle-libs-only-know-domain',
      severity: 'error',
      comment:
        'libs/sources, libs/queue, libs/storage and libs/yaml-file import libs/domain, the others libs/yaml-file too, and never each other: hand options and hooks over as arguments from an app.',
      from: { path: '^libs/(sources|queue|storage|yaml-file)/', pathNot: tests },
      to: { path: '^(apps|libs)/', pathNot: '^libs/($1|domain|yaml-file)/' },
    },
    {
      name: 'libs-by-their-index',
      severity: 'error',
      comment:
        "Import a lib by its index ('@app/<lib>', '@app/process/server' and '@app/storage/metrics'); export from there what others need.",
      from: { path: '^(apps/[^/]+|libs/[^/]+)/', pathNot: tests },
      to: {
        path: '^libs/([^/]+)/src/(?!index\\.ts$)',
        pathNot: ['^$1/', '^libs/(process/src/server|storage/src/metrics)/index\\.ts$'],
      },
    },
    {
      name: 'apps-are-processes',
      severity: 'error',
      comment: 'An app never imports another app: share the code through a lib, or start the other app as a process.',
      from: { path: '^apps/([^/]+)/', pathNot: tests },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'libs-know-no-app',
      severity: 'error',
      comment: 'A lib never imports an app: turn the dependency round and take it as an argument.',
      from: { path: '^libs/', pathNot: tests },
      to: { path: '^apps/' },
    },
    {
      name: 'api-reads-postgres-only',
      severity: 'error',
      comment: 'The API knows no queue and calls no source: read what is stored through @app/storage.',
      from: { path: '^apps/api/', pathNot: tests },
      to: { path: '^(libs/(queue|sources|ingestion)/|node_modules/(bullmq|ioredis|got)/)' },
    },
    {
      name: 'source-file-is-request-and-parse',
      severity: 'error',
      comment:
        'A source file imports the source contract, @app/domain and zod: no HTTP, no environment, no other source.',
      from: { path: '^libs/sources/src/providers/[^/]+\\.source\\.ts$' },
      to: { pathNot: '^(libs/sources/src/contract/|libs/domain/src/index\\.ts$|node_modules/zod/)' },
    },
    {
      name: 'shipped-code-imports-no-test',
      severity: 'error',
      comment: 'What ships imports no test and no tool: move the shared part into the lib that owns it.',
      from: { path: '^(apps|libs)/', pathNot: tests },
      to: { path: tests },
    },
    {
      name: 'shipped-code-needs-no-dev-dependency',
      severity: 'error',
      comment: 'What ships may only import packages of "dependencies": move the package there in package.json.',
      from: { path: '^(apps|libs)/', pathNot: tests },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Break the cycle: move the shared part into a file of its own.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Nothing imports this file: wire it in or delete it.',
      from: { orphan: true, pathNot: ['(main|index)\\.ts$', '\\.main\\.ts$', tests, '\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'This import leads nowhere: mend the path or add the package.',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
