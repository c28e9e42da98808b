import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

const ROOT = path.resolve(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
  readonly ports?: readonly string[];
  readonly restart: string;
  readonly user: string;
  readonly networks: readonly string[];
  readonly profiles?: readonly string[];
  readonly healthcheck?: { readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy: {
    readonly mode?: string;
    readonly replicas?: string;
    readonly resources: { readonly limits: Readonly<Record<string, string | number>> };
  };
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly name?: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
};
const services = Object.entries(compose.services);
const ofTidemark = services.filter(([name]) => !['postgres', 'valkey'].includes(name));
const example = read('.env.example');
const listed = (variable: string): boolean => new RegExp(`^(# )?${variable}=`, 'm').test(example);

describe('the compose file', () => {
  it.each(services)('hardens and bounds %s', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      logging: { options: { 'max-size': '10m', 'max-file': '3' } },
      user: expect.stringMatching(/^[1-9]\d*:\d+$/),
      stop_grace_period: expect.any(String),
    });
    expect(Object.keys(service.deploy.resources.limits).sort()).toEqual(['cpus', 'memory', 'pids']);
  });

  it.each(services)('publishes ports of %s on the loopback alone, unless it is told otherwise', (_name, service) => {
    for (const published of service.ports ?? []) expect(published).toMatch(/^\$\{PUBLISH_ADDRESS:-127\.0\.0\.1\}:/);
  });

  it('publishes no port of a store and none of a worker, of which there are several', () => {
    expect(services.filter(([, { ports }]) => ports === undefined).map(([name]) => name)).toEqual([
      'postgres',
      'valkey',
      'migrate',
      'worker',
    ]);
    expect(compose.networks['stores']?.internal).toBe(true);
    for (const store of ['postgres', 'valkey']) expect(compose.services[store]?.networks).toEqual(['stores']);
  });

  it.each(ofTidemark)('names variables of %s that .env.example lists, and no password in plain', (_name, service) => {
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      expect([variable, listed(variable) || listed(variable.replace(/_FILE$/, ''))]).toEqual([variable, true]);
      if (/PASSWORD/.test(variable)) expect(value).toMatch(/^\/run\/secrets\//);
    }
  });

  it('interpolates no variable that .env.example does not list, beside what the build takes', () => {
    const used = [...read('docker-compose.yml').matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name ?? '');
    expect([...new Set(used.filter((name) => !listed(name)))]).toEqual(['NODE_IMAGE']);
  });

  it('gives each process the secrets that its variables name, and no other', () => {
    for (const [name, service] of services) {
      const named = Object.values(service.environment ?? {}).flatMap(
        (value) => /^\/run\/secrets\/(.+)$/.exec(value ?? '')?.[1] ?? [],
      );
      expect([name, [...(service.secrets ?? [])].sort()]).toEqual([name, named.sort()]);
    }
    expect(compose.services['api']?.secrets).toEqual(['api_database_password']);
  });

  it('starts nothing before the stores are healthy and the database is migrated', () => {
    for (const [name, service] of ofTidemark.filter(([name]) => name !== 'simulator')) {
      expect(service.depends_on?.['postgres']).toEqual({ condition: 'service_healthy' });
      if (name !== 'migrate')
        expect(service.depends_on?.['migrate']).toEqual({ condition: 'service_completed_successfully' });
    }
    expect(compose.services['migrate']?.restart).toBe('no');
  });

  it('runs as many workers as WORKERS says, with podman-compose too: it counts replicas in the mode that is written alone', () => {
    expect(compose.services['worker']?.deploy).toMatchObject({ mode: 'replicated', replicas: '${WORKERS:-1}' });
  });

  it('keeps every job: the queue store appends to a file and evicts nothing', () => {
    const command = compose.services['valkey']?.command?.join(' ');
    expect(command).toContain('--appendonly yes');
    expect(command).toContain('--maxmemory-policy noeviction');
  });

  // The images of Postgres before 18 declare a volume at /var/lib/postgresql/data, and their PGDATA is that folder.
  it('keeps the database in the named volume, whichever version the image has', () => {
    const postgres = compose.services['postgres'];
    const folder = postgres?.environment?.['PGDATA'] ?? '';
    expect(postgres?.volumes).toEqual(['postgres:/var/lib/postgresql']);
    expect(path.dirname(folder)).toBe('/var/lib/postgresql');
    expect(path.basename(folder)).not.toBe('data');
  });

  it('gives the scheduler a volume for snapshots, or a folder of the machine, where SNAPSHOT_DIR is told to be', () => {
    const folder = '/var/lib/tidemark/snapshots';
    const mounting = services.filter(([, { volumes }]) => volumes?.some((volume) => volume.endsWith(`:${folder}`)));
    expect(mounting.map(([name]) => name)).toEqual(['scheduler']);
    expect(compose.services['scheduler']?.volumes).toContain(`\${SNAPSHOT_VOLUME:-snapshots}:${folder}`);
    expect(example).toContain(`sees as ${folder}`);
  });

  it('has the demo read the CSV files of the image', () => {
    const folder = /^ETL_CSV_DIR=\/app\/(.*)$/m.exec(read('compose.demo.env'))?.[1] ?? '';
    expect(read(`${folder}/layouts.yaml`)).toContain('crypto_data.csv');
    expect(read('Dockerfile')).toMatch(/^COPY samples samples$/m);
    expect(read('.dockerignore')).toMatch(/^!samples$/m);
    expect(compose.services['worker']?.environment).toHaveProperty('ETL_CSV_DIR');
  });

  it('is one project for make and for docker compose, and another one for the demo', () => {
    expect(compose.name).toBe('tidemark');
    expect(read('compose.demo.env')).toMatch(/^COMPOSE_PROJECT_NAME=tidemark-demo$/m);
  });

  it('hands out nothing about TLS to its stores, which have none', () => {
    for (const [, { environment }] of ofTidemark)
      expect(Object.keys(environment ?? {}).filter((name) => /TLS|SSL/.test(name))).toEqual([]);
  });

  it('lets the API drain for as long as it is asked to', () => {
    expect(compose.services['api']?.stop_grace_period).toBe('${API_STOP_GRACE_PERIOD:-40s}');
  });

  it('has the simulator in the profile demo alone', () => {
    expect(services.filter(([, { profiles }]) => profiles !== undefined).map(([name]) => name)).toEqual(['simulator']);
    expect(compose.services['simulator']?.profiles).toEqual(['demo']);
  });
});
