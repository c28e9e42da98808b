import { RequestMethod, type INestApplicationContext, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { ROUTE_ANSWER, ROUTE_BODY, type RouteAnswer, type RouteBody } from './answer.js';
import { ROUTE_PROBLEMS, type ProblemExample } from './problem-example.js';

/** A route, and what it answers. */
export interface AnsweringRoute {
  /** `GET`, `POST` and so on. */
  readonly method: string;
  /** Without a version, its parameters as OpenAPI writes them: `/payloads/{sha256}`. */
  readonly path: string;
  readonly answer: RouteAnswer;
  /** What it takes, if anything. */
  readonly body: RouteBody | undefined;
  /** What it answers when it cannot, each with a request that gets it. */
  readonly problems: readonly ProblemExample[];
}

/** Every route of an application that says what it answers. */
export function routeAnswers(app: INestApplicationContext): AnsweringRoute[] {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype }) => (typeof metatype === 'function' ? routesOf(metatype as Type) : []));
}

function routesOf(controller: Type): AnsweringRoute[] {
  const prototype = controller.prototype as Readonly<Record<string, object>>;
  return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
    const handler = prototype[name] ?? {};
    const answer = Reflect.getMetadata(ROUTE_ANSWER, handler) as RouteAnswer | undefined;
    if (answer === undefined) return [];
    const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
    const body = Reflect.getMetadata(ROUTE_BODY, handler) as RouteBody | undefined;
    const problems = (Reflect.getMetadata(ROUTE_PROBLEMS, handler) ?? []) as readonly ProblemExample[];
    return [{ method, path: pathOf(controller, handler), answer, body, problems }];
  });
}

function pathOf(...parts: readonly object[]): string {
  const segments = parts
    .flatMap((part) => String(Reflect.getMetadata(PATH_METADATA, part)).split('/'))
    .filter((segment) => segment !== '')
    .map((segment) => segment.replace(/^:(.*)$/, '{$1}'));
  return `/${segments.join('/')}`;
}
