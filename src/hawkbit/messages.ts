import { z } from 'zod';

/**
 * What eclipse-hawkbit's Direct Device Integration API says and is told (version 1.1.0, hawkbit-ddi-api). Only what a
 * server has to understand is looked at: real clients differ in everything else, and unknown fields are passed over.
 */

/** How a deployment's download, or its update, is to be done: not yet, when it suits, or now. */
type Handling = 'skip' | 'attempt' | 'forced';

const executions = [
  'closed',
  'proceeding',
  'canceled',
  'scheduled',
  'rejected',
  'resumed',
  'downloaded',
  'download',
] as const;
const results = ['success', 'failure', 'none'] as const;

/** Details are a guest's words: what is kept of them is bounded. */
const detail = z.string().transform((text) => text.slice(0, 1000));

/** What a client POSTs about an action. Its `id` and `time` are not looked at. */
export const feedbackSchema = z.object({
  status: z.object({
    execution: z.enum(executions),
    result: z.object({ finished: z.enum(results) }),
    code: z.number().int().optional(),
    details: z
      .array(detail)
      .transform((list) => list.slice(0, 100))
      .default([]),
  }),
});
export type Feedback = z.output<typeof feedbackSchema>['status'];

/** Attributes of the device that a client PUTs; `mode` says what becomes of those that it does not name. */
export const configDataSchema = z.object({
  mode: z.enum(['merge', 'replace', 'remove']).default('merge'),
  data: z.record(z.string().max(100), z.string().max(1000)),
});
export type ConfigData = z.output<typeof configDataSchema>;

/** What is offered to a device: one software module, with one file or none. */
export interface Offer {
  /** Of the module. */
  name: string;
  version: string;
  artifact?: Artifact;
  /** Kind of the module; absent: `os`. */
  part?: string;
  /** What the client is told of the module besides. */
  metadata?: Readonly<Record<string, string>>;
}

/** A file of a module. Clients compare `sha1`, which hawkBit has always had. */
export interface Artifact {
  filename: string;
  /** Where the server that answers has it: a URL's path. */
  path: string;
  bytes: number;
  hashes: { sha1: string; md5: string; sha256: string };
}

/** How a deployment is offered. */
export interface Terms {
  download: Handling;
  update: Handling;
  /** Absent: the deployment has no maintenance window. */
  maintenanceWindow?: 'available' | 'unavailable';
}

/** Seconds as the API has them: `HH:mm:ss`. */
export function pollingTime(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** What somebody sent as JSON; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
