/** Text from outside in a form that Postgres takes: it has no place for the character NUL, which JSON can carry. */
export function storableText(text: string): string;
export function storableText(text: string | undefined): string | undefined;
export function storableText(text: string | undefined): string | undefined {
  return text?.replaceAll('\0', '\uFFFD');
}
