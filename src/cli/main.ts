#!/usr/bin/env node
import { runCli } from './program.ts';
import { processStreams } from './streams.ts';

/** Milliseconds until the process ends although something still holds it. */
const graceMs = 2000;

process.exitCode = await runCli(process.argv.slice(2), processStreams());
setTimeout(() => process.exit(), graceMs).unref();
