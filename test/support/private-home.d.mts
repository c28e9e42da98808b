/** Makes an empty home `tidemark-<name>-...` in the folder for temporary files, which the user of Postgres may enter. */
export function makeHome(name: string): string;

/** Removes a home, and the databases that were moved out of it. */
export function removeHome(home: string): void;

/** Folders of databases that were moved out of a folder or of one below it; the folder itself need not be there any more. */
export function movedFrom(folder: string): string[];

/** The data folder that a moved database belongs to; undefined for one of a build that did not say so. */
export function madeFor(place: string): string | undefined;
