// CommonJS companions of Nest fail with "Cannot require() ES Module in a cycle" when they are the first to load these.
import '@nestjs/common';
import '@nestjs/core';
import 'reflect-metadata';
