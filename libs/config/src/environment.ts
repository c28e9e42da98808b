/** The environment of this process with some variables set otherwise: for a child that is to get what this process has found out. */
export function environmentWith(values: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...values };
}
