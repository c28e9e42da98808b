import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Every document of the repository. */
const DOCUMENTS = globSync('**/*.md', {
  cwd: ROOT,
  exclude: (name) => ['node_modules', 'dist', '.tidemark', 'coverage'].includes(name),
}).sort();

/** The text of a document without its code, in which brackets mean something else. */
function prose(document: string): string {
  return readFileSync(path.join(ROOT, document), 'utf8')
    .replaceAll(/^```.*?^```/gms, '')
    .replaceAll(/`[^`\n]*`/g, 'code');
}

/** What a heading is called in an address: lower case, without marks, with hyphens for spaces. */
function anchorsOf(document: string): string[] {
  return [...prose(document).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The relative links of a document that lead nowhere. */
function brokenLinks(document: string): string[] {
  const links = [...prose(document).matchAll(/\]\((?<target>[^)\s]+)\)/g)].map(
    ({ groups }) => groups?.['target'] ?? '',
  );
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? document : path.join(path.dirname(document), file);
    if (!existsSync(path.join(ROOT, target))) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
  });
}

describe('the documents', () => {
  it('are found', () => {
    expect(DOCUMENTS).toEqual(expect.arrayContaining(['README.md', 'docs/README.md', 'docs/architecture.md']));
  });

  it('are all named by their index, decisions too', () => {
    const index = prose('docs/README.md');
    const pages = globSync('docs/**/*', { cwd: ROOT })
      .map((page) => path.relative('docs', page))
      .filter((page) => path.extname(page) !== '' && page !== 'README.md');
    expect(pages.length).toBeGreaterThan(20);
    expect(pages.filter((page) => !index.includes(`](${page})`))).toEqual([]);
  });

  it.each(DOCUMENTS)('%s links to nothing that is not there', (document) => {
    expect(brokenLinks(document)).toEqual([]);
  });
});
