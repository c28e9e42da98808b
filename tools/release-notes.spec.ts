import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const PROGRAM = path.resolve(import.meta.dirname, 'release-notes.mjs');

describe('release notes', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-notes-'));
    mkdirSync(path.join(folder, 'helm/tidemark'), { recursive: true });
    state('1.2.3', '1.2.3');
    writeFileSync(
      path.join(folder, 'CHANGELOG.md'),
      '# Changelog\n\n## Unreleased\n\n- Later.\n\n## 1.2.3 (2026-11-30)\n\n- One price.\n\n### Sources\n\n- Two.\n\n## 1.2.2\n\n- Before.\n\n## 1.2.1\n',
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function state(version: string, chartVersion: string): void {
    writeFileSync(
      path.join(folder, 'package.json'),
      `{\n  "name": "tidemark",\n  "version": "${version}",\n  "private": true\n}\n`,
    );
    writeFileSync(
      path.join(folder, 'helm/tidemark/Chart.yaml'),
      `apiVersion: v2\nname: tidemark\nversion: ${chartVersion}\nappVersion: '${chartVersion}'\n`,
    );
  }

  function notes(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  }

  it('are the section of the version, with what is below it and nothing of the next', () => {
    expect(notes('v1.2.3')).toEqual({ status: 0, stdout: '- One price.\n\n### Sources\n\n- Two.\n', stderr: '' });
  });

  it.each(['1.2.3', 'v1.2', 'vnext', ''])('refuse the tag "%s", which is no version', (tag) => {
    expect(notes(tag)).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('v1.2.3') });
  });

  it('refuse a tag that package.json does not agree with', () => {
    expect(notes('v1.2.2')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('package.json has version 1.2.3'),
    });
  });

  it('refuse a tag that the chart does not agree with', () => {
    state('1.2.3', '1.2.2');
    expect(notes('v1.2.3')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Chart.yaml has version 1.2.2'),
    });
  });

  it('refuse a version that the changelog does not tell of, and name those that it does', () => {
    state('1.2.4', '1.2.4');
    expect(notes('v1.2.4')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('"Unreleased", "1.2.3 (2026-11-30)", "1.2.2"'),
    });
  });

  it('refuse a version of which the changelog says nothing', () => {
    state('1.2.1', '1.2.1');
    expect(notes('v1.2.1')).toMatchObject({ status: 1, stderr: expect.stringContaining('is empty') });
  });
});
