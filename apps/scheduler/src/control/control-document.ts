import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject } from '@nestjs/swagger';
import { openApiDocument, serveVersions } from '@app/openapi';
import { VERSION } from '@app/process/server';
import { ExtraFetchRepository, RefusedSymbolRepository, StatusRepository } from '@app/storage';
import { CatalogueService } from '../catalogue/catalogue.service.js';
import { SymbolDirectory } from '../catalogue/symbol-directory.js';
import { TopTickersService } from '../catalogue/top-tickers.service.js';
import { PlannerService } from '../planning/planner.service.js';
import { TaskRunner } from '../tasks/run-tasks.js';
import { SOURCE_ACCESSES } from '../tokens.js';
import { FetchController } from './fetch.controller.js';
import { StatusController } from './status.controller.js';
import { TickersController } from './tickers.controller.js';
import { TopTickersController } from './top-tickers.controller.js';

/** What the controllers need; for a look at their routes nothing of it is made. */
const NEEDED = [
  CatalogueService,
  ExtraFetchRepository,
  RefusedSymbolRepository,
  SymbolDirectory,
  PlannerService,
  SOURCE_ACCESSES,
  StatusRepository,
  TaskRunner,
  TopTickersService,
];

/** The controllers alone. */
@Module({
  controllers: [TickersController, TopTickersController, StatusController, FetchController],
  providers: NEEDED.map((provide) => ({ provide, useValue: undefined })),
})
class ControlRoutesModule {}

/** The OpenAPI document of the control API, as it is served and as it is kept in docs/openapi-control.json. Needs no store. */
export async function controlDocument(): Promise<OpenAPIObject> {
  const app = await NestFactory.create(ControlRoutesModule, new FastifyAdapter(), {
    logger: false,
    abortOnError: false,
  });
  serveVersions(app);
  const head = new DocumentBuilder()
    .setTitle('Tidemark control')
    .setDescription(
      'What is sampled, how everything stands, and extra fetches. Everything is behind the login of the user `tidemark`; a change holds from the next slot on.',
    )
    .setVersion(VERSION)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addBasicAuth({ type: 'http', scheme: 'basic' }, 'login')
    .addSecurityRequirements('login')
    .addTag('tickers', 'What is sampled')
    .addTag('status', 'How everything stands')
    .addTag('fetch', 'A call now')
    .build();
  return openApiDocument(app, head, [ControlRoutesModule]);
}
