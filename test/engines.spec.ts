import { readFileSync } from 'node:fs';
import path from 'node:path';
import { minVersion, satisfies } from 'semver';

const ROOT = path.resolve(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

interface Package {
  readonly version?: string;
  readonly engines?: { readonly node?: string; readonly npm?: string };
}
interface Declaration {
  readonly engines: { readonly node: string; readonly npm: string };
  readonly devDependencies: Readonly<Record<string, string>>;
}
const { engines, devDependencies } = JSON.parse(read('package.json')) as Declaration;
const { packages } = JSON.parse(read('package-lock.json')) as { readonly packages: Readonly<Record<string, Package>> };
const image = /^ARG NODE_IMAGE=node:(\d+)-/m.exec(read('Dockerfile'))?.[1];

describe('the engines of package.json', () => {
  it('name the Node that npm brings, that the tests run on, and that the image is made of', () => {
    expect(satisfies(devDependencies['node'] ?? '', engines.node)).toBe(true);
    expect(satisfies(process.versions.node, engines.node)).toBe(true);
    expect(image).toBe(String(minVersion(engines.node)?.major));
    // Which means that no other major version is promised: none is tested.
    expect(satisfies(`${Number(image) + 1}.0.0`, engines.node)).toBe(false);
  });

  it('promise no Node and no npm that a package refuses', () => {
    const node = minVersion(engines.node)?.version ?? '';
    const npm = minVersion(engines.npm)?.version ?? '';
    const refusing = Object.entries(packages).filter(
      ([, { engines: asks }]) => !satisfies(node, asks?.node ?? '*') || !satisfies(npm, asks?.npm ?? '*'),
    );
    expect(refusing.map(([name]) => name)).toEqual([]);
  });
});
