import { appendFile } from 'node:fs/promises';
import { messageOf } from '../core/errors.ts';
import type { Streams } from './streams.ts';

/** Bytes of GitHub's limit for one step, 1 MiB, that are used at most. */
const maxBytes = 1_000_000;

/**
 * Adds Markdown to the summary of the job that this is a step of: to the file that GitHub names in GITHUB_STEP_SUMMARY, as
 * Gitea and Forgejo do. Where it cannot be written, standard error says so; a verdict does not hang on it.
 */
export async function addToJobSummary(text: string, { environment, stderr }: Streams): Promise<void> {
  const path = environment['GITHUB_STEP_SUMMARY'] ?? '';
  if (path === '') return;
  const bytes = Buffer.from(text);
  const whole = bytes.length <= maxBytes;
  try {
    await appendFile(path, whole ? bytes : `${bytes.toString('utf8', 0, maxBytes)}\n\n(cut)\n`);
  } catch (error) {
    stderr.write(`no summary was added to ${path}: ${messageOf(error)}\n`);
  }
}
