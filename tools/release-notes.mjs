// node tools/release-notes.mjs v1.2.3: writes what CHANGELOG.md says of that version. Fails where the tag is no version, where
// package.json or the chart has another one, and where the changelog does not tell of it: then there is nothing to release.
import { existsSync, readFileSync } from 'node:fs';

const [tag = ''] = process.argv.slice(2);

function fail(reason) {
  process.stderr.write(`release-notes: ${reason}\n`);
  process.exit(1);
}

const version = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag)?.[1];
if (version === undefined) fail(`a tag of a release looks like v1.2.3 or v1.2.3-beta.1, and this is "${tag}"`);

for (const [file, expression] of [
  ['package.json', /^ {2}"version": "(.*)",$/m],
  ['helm/tidemark/Chart.yaml', /^version: ['"]?([^'"\s]+)/m],
  ['helm/tidemark/Chart.yaml', /^appVersion: ['"]?([^'"\s]+)/m],
]) {
  // The chart is looked at where there is one.
  if (file.startsWith('helm/') && !existsSync(file)) continue;
  const stated = expression.exec(readFileSync(file, 'utf8'))?.[1];
  if (stated !== version) fail(`${file} has version ${stated}, and the tag says ${version}`);
}

// A section goes from its title, "## 1.2.3" with or without a date, to the next one.
const sections = readFileSync('CHANGELOG.md', 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    title: section.slice(0, section.indexOf('\n')).trim(),
    body: section.slice(section.indexOf('\n')).trim(),
  }));
const found = sections.find(({ title }) => title.replace(/^\[(.*?)\]/, '$1').split(/\s/)[0] === version);
if (found === undefined) {
  const titles = sections.map(({ title }) => `"${title}"`).join(', ');
  fail(`CHANGELOG.md has no section "## ${version}"; it has ${titles}`);
}
if (found.body === '') fail(`the section "## ${found.title}" of CHANGELOG.md is empty`);
process.stdout.write(`${found.body}\n`);
