import type { INestApplication, Type } from '@nestjs/common';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { componentPath } from './answer.js';
import { PAGE_STYLE } from './page-style.js';
import { problemSchema } from './problem.answer.js';
import { routeAnswers } from './route-answers.js';
import { V1 } from './versions.js';

/**
 * The OpenAPI 3.1 document of an application: its documented routes, with the schemas of their bodies and answers as components. What
 * is served under {@link V1} too stands there once; that prefix is a server.
 * @param head title, version and tags, as the DocumentBuilder makes them.
 * @param modules those whose routes are documented.
 */
export function openApiDocument(
  app: INestApplication,
  head: Omit<OpenAPIObject, 'paths'>,
  modules: readonly Type[],
): OpenAPIObject {
  const document = SwaggerModule.createDocument(
    app,
    { ...head, openapi: '3.1.0', servers: [{ url: '/' }, { url: V1, description: 'The same, by its version' }] },
    {
      include: [...modules],
      // Those under a version are left out below, but ids must differ until then. Nest numbers the paths of a method: `list[1]`.
      operationIdFactory: (controller, method, version) =>
        [
          controller.replace('Controller', '').toLowerCase(),
          method.replace(/\[\d+\]$/, ''),
          ...(version === undefined ? [] : [version]),
        ].join('_'),
    },
  );
  const schemas = routeAnswers(app).flatMap(({ answer, body }) => [
    answer.schema,
    ...(body === undefined ? [] : [body.schema]),
  ]);
  const { paths } = document;
  const plain = Object.entries(paths).filter(([path]) => !path.startsWith(`${V1}/`));
  return {
    ...document,
    paths: Object.fromEntries(
      plain.map(([path, item]) => [path, V1 + path in paths ? item : { ...item, servers: [{ url: '/' }] }]),
    ),
    components: { ...document.components, schemas: componentsOf([...schemas, problemSchema]) },
  };
}

/** Serves a document at `/openapi.json` and a page to read it at `/docs`. */
export function serveDocumentation(app: INestApplication, document: OpenAPIObject, title: string): void {
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: title,
    customCss: PAGE_STYLE,
    // Nobody else is asked to judge the document.
    swaggerOptions: { validatorUrl: null, displayRequestDuration: true, tryItOutEnabled: true },
  });
}

type Components = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Json = Readonly<Record<string, unknown>>;

/** Every schema that has a name, those inside of the given ones too, by that name. */
function componentsOf(schemas: readonly z.ZodType[]): Components {
  const { $defs = {} } = z.toJSONSchema(z.tuple([schemas[0] ?? z.unknown(), ...schemas.slice(1)]), {
    target: 'draft-2020-12',
    io: 'input',
  });
  const names = Object.keys($defs).sort();
  return Object.fromEntries(names.map((name) => [name, plainSchema($defs[name] ?? {})]));
}

/** What zod writes, in the words of people who write such schemas by hand. */
function plainSchema(node: Json): Json {
  return Object.fromEntries(
    Object.entries(withoutNullUnion(node)).flatMap(([key, value]) => {
      const part = plainPart(key, value);
      return part === undefined ? [] : [[key, part]];
    }),
  );
}

/** @returns undefined for what is left out. */
function plainPart(key: string, value: unknown): unknown {
  switch (key) {
    case '$ref':
      return componentPath(String(value).slice(String(value).lastIndexOf('/') + 1));
    case 'properties':
      return Object.fromEntries(
        Object.entries(value as Json).map(([name, schema]) => [name, plainSchema(schema as Json)]),
      );
    case 'items':
      return plainSchema(value as Json);
    case 'anyOf':
    case 'oneOf':
    case 'allOf':
      return (value as Json[]).map(plainSchema);
    // That an object is strict is for the tests: clients shall live with a field that a later version adds.
    case 'additionalProperties':
      return isEmpty(value) ? undefined : plainSchema(value as Json);
    case 'id':
    case 'propertyNames':
      return undefined;
    default:
      return Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER ? undefined : value;
  }
}

/** `type: [string, null]` instead of a union of two schemas. */
function withoutNullUnion(node: Json): Json {
  const { anyOf, ...rest } = node;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return node;
  const [one, other] = anyOf as [Json, Json];
  if (typeof one['type'] !== 'string' || other['type'] !== 'null') return node;
  const values = Array.isArray(one['enum']) ? { enum: [...(one['enum'] as unknown[]), null] } : {};
  return { ...one, ...rest, ...values, type: [one['type'], 'null'] };
}

function isEmpty(schema: unknown): boolean {
  return typeof schema !== 'object' || schema === null || Object.keys(schema).length === 0;
}
