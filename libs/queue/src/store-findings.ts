/** What Redis says by the first word of its answer, and the cure. */
export const REDIS_REFUSALS: Readonly<Record<string, string>> = {
  LOADING: 'the queue store is still loading its data',
  READONLY: 'the queue store is a replica that takes no writes: name the primary in QUEUE_URL',
  OOM: 'the queue store is full: raise its maxmemory, and keep maxmemory-policy at noeviction',
  MISCONF: 'the queue store cannot save its data and takes no writes: look into its log, most often its disk is full',
  NOREPLICAS: 'the queue store takes no writes while its replicas are away (min-replicas-to-write)',
  MASTERDOWN: 'the queue store is a replica that has lost its primary: name the primary in QUEUE_URL',
  NOAUTH: 'the queue store asks for a password: name it in QUEUE_URL',
  WRONGPASS: 'the queue store refuses user or password: set them right in QUEUE_URL',
  NOPERM: 'the queue store lets this user not write: grant it all commands on the keys of the queue',
  CLUSTERDOWN: 'the queue store is a cluster that is down',
};

/**
 * Every sentence besides {@link REDIS_REFUSALS} that says why no job can go through the queue store. docs/troubleshooting.md says of
 * each what to do, and a test holds it complete.
 */
export const STORE_FINDINGS = {
  unreachable: (fault: string) => `the queue store cannot be reached: ${fault}`,
  untrusted: (fault: string) =>
    `the certificate of the queue store is not trusted (${fault}): name its authority in QUEUE_TLS_CA_FILE, and the host that it was made for in QUEUE_URL`,
  readOnly: () => 'the queue store is a standby, or set to read only: name the primary in QUEUE_URL',
} as const;
