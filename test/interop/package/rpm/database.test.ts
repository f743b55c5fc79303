import { describe, expect, it } from 'vitest';
import { Damage } from '../../../../src/package/archive/damage.ts';
import { packagesInDatabase } from '../../../../src/package/rpm/database.ts';
import { needPrograms } from '../../../support/host-programs.ts';
import { RealRpmDatabase } from '../../../support/real-rpm-database.ts';

function listed(file: Buffer, log?: Buffer): string[] {
  const packages = packagesInDatabase(file, log);
  return [...packages].flatMap(([name, versions]) => versions.map((version) => `${name} ${version}`)).sort();
}

/** Packages enough for a table of several pages. */
async function filled(database: RealRpmDatabase): Promise<void> {
  for (const name of ['base', 'tool', 'library', 'editor', 'shell']) await database.install(name, '1.0-r0');
}

describe('rpm’s database', () => {
  needPrograms('rpm', 'sqlite3');

  it('has the packages that rpm says are installed', async () => {
    using database = new RealRpmDatabase();
    await filled(database);
    await database.install('tool', '2.0-r1');
    database.erase('editor');
    const { file } = database.files();
    expect(listed(file)).toEqual(database.list());
    expect(listed(file)).toContain('tool 2.0-r1');
    expect(file.length).toBeGreaterThan(10 * 4096);
  });

  it('has those of the write-ahead log as far as that was committed', async () => {
    using database = new RealRpmDatabase();
    await filled(database);
    await database.whileRead(async () => {
      await database.install('tool', '2.0-r0');
      const { file, log } = database.files();
      expect(listed(file, log)).toContain('tool 2.0-r0');
      expect(listed(file, log)).not.toContain('tool 1.0-r0');
      expect(listed(file)).toContain('tool 1.0-r0');
      const known = new Set<string>();
      // Whatever of the log is lost, the reader comes to what one of its transactions left.
      for (let end = 0; end <= log.length; end += 4096) {
        const found = listed(file, log.subarray(0, end)).filter((line) => line.startsWith('tool'));
        known.add(found.join(' and '));
      }
      expect([...known]).toEqual(['tool 1.0-r0', 'tool 1.0-r0 and tool 2.0-r0', 'tool 2.0-r0']);
      const torn = Buffer.from(log);
      torn.fill(0, 40, 41);
      torn.writeUInt8(torn.readUInt8(60) ^ 1, 60);
      expect(listed(file, torn)).toEqual(listed(file));
    });
  });

  it('is damaged, or is read, whatever its bytes are', async () => {
    using database = new RealRpmDatabase();
    await filled(database);
    const { file } = database.files();
    const read = (bytes: Buffer) => {
      try {
        return packagesInDatabase(bytes).size > 0;
      } catch (error) {
        if (error instanceof Damage) return false;
        throw error;
      }
    };
    const outcomes = { read: 0, damaged: 0 };
    for (let i = 0; i < 300; i += 1) {
      const bytes = Buffer.from(file);
      for (let j = 0; j < 40; j += 1)
        bytes.writeUInt8((i * 7 + j * 31) % 256, (i * 7919 + j * 104_729) % bytes.length);
      outcomes[read(bytes) ? 'read' : 'damaged'] += 1;
    }
    for (const end of [0, 99, 100, 4096, 8191, 40_960])
      outcomes[read(file.subarray(0, end)) ? 'read' : 'damaged'] += 1;
    expect(outcomes.read).toBeGreaterThan(0);
    expect(outcomes.damaged).toBeGreaterThan(6);
    expect(() => packagesInDatabase(Buffer.from('# a text\n'.repeat(20)))).toThrow(Damage);
    // A first page whose cells are all one, with a row of as many bytes as a number can say.
    const greedy = Buffer.from(file);
    const [head, cells, leaf] = [100, 1900, 0x0d];
    greedy.writeUInt8(leaf, head);
    greedy.writeUInt16BE(cells, head + 3);
    for (let i = 0; i < cells; i += 1) greedy.writeUInt16BE(4080, head + 8 + 2 * i);
    greedy.set([0xff, 0xff, 0xff, 0x7f, 1], 4080);
    expect(() => packagesInDatabase(greedy)).toThrow(new Damage('its rows are more than it has bytes'));
  });
});
