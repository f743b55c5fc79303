import { spawnSync } from 'node:child_process';
import { beforeEach } from 'vitest';

/** Skips each test of the suite that calls this, saying why, where the host lacks one of these programs. */
export function needPrograms(...programs: readonly string[]): void {
  const missing = programs.filter((program) => spawnSync(program, ['--version']).error !== undefined);
  beforeEach(({ skip }) => {
    if (missing.length > 0) skip(`this host lacks ${missing.join(', ')}: brownout setup --tests`);
  });
}
