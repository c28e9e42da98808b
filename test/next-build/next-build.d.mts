/** The version of the schema that the next build works with. */
export const NEXT_VERSION: string;

/** Makes the next build out of this one: the compiled programs with one migration more. */
export function makeNextBuild(from: string, to: string): Promise<void>;
