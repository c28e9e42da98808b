import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** A key with a certificate, as files. */
export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

/** Certificates of a test's own: an authority, what it vouches for, and an authority that nobody asked. */
export interface TestCertificates {
  readonly authority: string;
  readonly stranger: string;
  /** For 127.0.0.1 and localhost. */
  readonly loopback: Certificate;
  /** For another host; signed by the same authority. */
  readonly elsewhere: Certificate;
  remove(): Promise<void>;
}

/** Has openssl make them. */
export async function makeCertificates(): Promise<TestCertificates> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-certificates-'));
  const authority = selfSigned(folder, 'authority');
  const stranger = selfSigned(folder, 'stranger');
  return {
    authority: authority.certificate,
    stranger: stranger.certificate,
    loopback: await signed(folder, authority, 'loopback', 'IP:127.0.0.1,DNS:localhost'),
    elsewhere: await signed(folder, authority, 'elsewhere', 'DNS:elsewhere.example'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function openssl(...words: string[]): void {
  execFileSync('openssl', words, { stdio: 'pipe' });
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function filesOf(folder: string, name: string): Certificate {
  return { key: path.join(folder, `${name}.key`), certificate: path.join(folder, `${name}.crt`) };
}

function selfSigned(folder: string, name: string): Certificate {
  const { key, certificate } = filesOf(folder, name);
  openssl('req', '-x509', ...NEW_KEY, '-keyout', key, '-out', certificate, '-days', '2', '-subj', `/CN=${name}`);
  return { key, certificate };
}

async function signed(folder: string, authority: Certificate, name: string, hosts: string): Promise<Certificate> {
  const { key, certificate } = filesOf(folder, name);
  const request = path.join(folder, `${name}.csr`);
  const extensions = path.join(folder, `${name}.ext`);
  await writeFile(extensions, `subjectAltName=${hosts}\n`);
  openssl('req', '-new', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
  const by = ['-CA', authority.certificate, '-CAkey', authority.key, '-CAcreateserial'];
  openssl('x509', '-req', '-in', request, ...by, '-out', certificate, '-days', '2', '-extfile', extensions);
  return { key, certificate };
}
