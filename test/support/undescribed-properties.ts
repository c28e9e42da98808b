type Json = Readonly<Record<string, unknown>>;

/** Where an OpenAPI document has a parameter or a property without a description, such as `Gap.sources[].reason`. */
export function undescribedProperties(document: object): string[] {
  const { components = {}, paths = {} } = document as { readonly components?: Json; readonly paths?: Json };
  const schemas = (components['schemas'] ?? {}) as Record<string, Json>;
  const properties = Object.entries(schemas).flatMap(([name, schema]) => inSchema(name, schema, schemas));
  const parameters = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, { readonly parameters?: readonly Json[] }>).flatMap(([method, operation]) =>
      (operation.parameters ?? [])
        .filter((parameter) => !isText(parameter['description']))
        .map((parameter) => `${method} ${path} ${String(parameter['name'])}`),
    ),
  );
  return [...parameters, ...properties];
}

function inSchema(place: string, schema: Json, schemas: Readonly<Record<string, Json>>): string[] {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>);
  const alternatives = ['anyOf', 'oneOf', 'allOf'].flatMap((word) => (schema[word] ?? []) as Json[]);
  return [
    ...properties.flatMap(([name, property]) => [
      ...(isDescribed(property, schemas) ? [] : [`${place}.${name}`]),
      ...inSchema(`${place}.${name}`, property, schemas),
    ]),
    ...alternatives.flatMap((alternative) => inSchema(place, alternative, schemas)),
    ...['items', 'additionalProperties'].flatMap((word) =>
      typeof schema[word] === 'object' ? inSchema(`${place}[]`, schema[word] as Json, schemas) : [],
    ),
  ];
}

/** By itself, or by the named schema that it refers to. */
function isDescribed(property: Json, schemas: Readonly<Record<string, Json>>): boolean {
  if (isText(property['description'])) return true;
  const alternatives = (property['anyOf'] ?? property['oneOf'] ?? []) as Json[];
  const references = [property, ...alternatives].flatMap(({ $ref }) =>
    typeof $ref === 'string' ? [$ref.replace(/^.*\//, '')] : [],
  );
  return references.some((name) => isText(schemas[name]?.['description']));
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
