import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRpm } from '../../src/package/rpm/write-rpm.ts';
import { smallRpm } from '../unit/package/rpm/small-rpm.ts';

/** A database that rpm itself keeps, in a folder that is gone when disposed of. */
export class RealRpmDatabase implements Disposable {
  private readonly folder = mkdtempSync(join(tmpdir(), 'brownout-rpmdb-'));
  private made = 0;

  /** Installs a package, or another version of it: in the database alone. `version`: `1.0-r0`. */
  async install(name: string, version: string): Promise<void> {
    this.made += 1;
    const path = join(this.folder, `${this.made}.rpm`);
    await writeRpm(path, smallRpm(name, version), { seconds: 1_700_000_000 });
    this.rpm('--upgrade', '--justdb', '--nodeps', '--noscripts', '--nosignature', path);
  }

  erase(name: string): void {
    this.rpm('--erase', '--justdb', '--nodeps', '--noscripts', name);
  }

  /** Lines of `NAME [EPOCH:]VERSION-RELEASE`, sorted. */
  list(): string[] {
    const said = this.rpm('--query', '--all', '--queryformat', '%{NAME} %{EVR}\\n');
    return said.trim().split('\n').sort();
  }

  files(): { file: Buffer; log: Buffer } {
    const path = join(this.folder, 'rpmdb.sqlite');
    return { file: readFileSync(path), log: readFileSync(`${path}-wal`) };
  }

  /** Does something while another program reads the database: what it changes then stays in SQLite's log. */
  async whileRead(work: () => Promise<void>): Promise<void> {
    const reader = spawn('sqlite3', [join(this.folder, 'rpmdb.sqlite')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    reader.stdin.write('BEGIN; SELECT count(*) FROM Packages;\n');
    await once(reader.stdout, 'data');
    await work();
    reader.kill('SIGKILL');
    await once(reader, 'close');
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }

  private rpm(...args: string[]): string {
    const env = { ...process.env, LC_ALL: 'C' };
    const { status, stdout, stderr } = spawnSync('rpm', ['--dbpath', this.folder, ...args], {
      encoding: 'utf8',
      env,
    });
    if (status !== 0) throw new Error(`rpm ended with ${String(status)}: ${stderr}`);
    return stdout;
  }
}

/** A database whose log has the upgrade of tool from 1.0-r0 to 2.0-r0, beside base. */
export async function upgradedRpmDatabase(): Promise<RealRpmDatabase> {
  const database = new RealRpmDatabase();
  for (const name of ['base', 'tool']) await database.install(name, '1.0-r0');
  await database.whileRead(() => database.install('tool', '2.0-r0'));
  return database;
}
