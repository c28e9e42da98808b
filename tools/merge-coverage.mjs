// Makes one coverage report out of those of the shards (coverage/*/coverage-final.json): a summary on the terminal, Cobertura for
// GitLab, pages in coverage/html. Shards may have run in other folders: files are known by their path within the repository.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import coverage from 'istanbul-lib-coverage';
import report from 'istanbul-lib-report';
import reports from 'istanbul-reports';

const files = globSync('coverage/*/coverage-final.json');
if (files.length === 0) {
  process.stderr.write('There is no coverage/*/coverage-final.json: run the tests with --coverage first.\n');
  process.exit(1);
}

const merged = coverage.createCoverageMap({});
for (const file of files) {
  for (const entry of Object.values(JSON.parse(readFileSync(file, 'utf8')))) {
    const within = /(?:^|\/)((?:apps|libs)\/[^/]+\/src\/.*)$/.exec(entry.path)?.[1];
    if (within !== undefined) merged.merge({ [path.resolve(within)]: { ...entry, path: path.resolve(within) } });
  }
}

const context = report.createContext({ dir: 'coverage', coverageMap: merged });
reports.create('cobertura', { projectRoot: process.cwd() }).execute(context);
reports.create('text-summary').execute(context);
reports.create('html', { subdir: 'html' }).execute(context);
process.stdout.write(`${files.length} shards, ${merged.files().length} files\n`);
