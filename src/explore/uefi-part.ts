import { canonicalVariables, readVariableStore } from '../filesystem/uefi/variables.ts';
import { volumeHeaderBytes, volumeLayout } from '../filesystem/uefi/volume.ts';
import type { DiskView } from '../filesystem/view.ts';
import { type LogDisk, sectorBytes } from '../writelog/log.ts';
import type { Cells } from './cells.ts';
import type { Contents } from './contents.ts';
import type { Interpretation, Interpreter, RawContent } from './interpretation.ts';
import { RowIndex } from './row-index.ts';

/** Sectors that are numbered together: in most states all but one of these groups are as before. */
const groupSectors = 8;
const untouched: ReadonlySet<number> = new Set();

/**
 * The UEFI variable stores of flash disks before the log began. The firmware programs byte by byte, and each is a
 * write of its own; states with the same variables are one state. QEMU reads all of the flash at its start, so that
 * every boot depends on its reading. What only a look at the raw flash tells apart is not seen; audits show it.
 */
export function uefiParts(
  bases: readonly DiskView[],
  disks: readonly Pick<LogDisk, 'cache'>[],
  cells: Cells,
  contents: Contents,
): UefiPart[] {
  return bases.flatMap((base, disk) => {
    if (disks[disk]?.cache !== 'writethrough') return [];
    const header = base.read(0, Math.min(base.bytes, volumeHeaderBytes));
    const layout = volumeLayout(header, base.bytes);
    return layout === undefined ? [] : [new UefiPart(disk, layout.bytes, cells, contents)];
  });
}

/** The flash volume with one UEFI variable store, at the start of a disk. */
export class UefiPart implements Interpreter {
  readonly readingCell: number;
  readonly changedCell: number;
  /** QEMU reads the whole flash, and the firmware gives what it reads of it the form that is compared. */
  readonly readRaw = false;
  private readonly disk: number;
  private readonly cells: Cells;
  private readonly contents: Contents;
  /** Of each sector, its cell; the content that `bytes` has of it. */
  private readonly sectorCells: Int32Array;
  private readonly sectorContents: Int32Array;
  /** The volume as it was last looked at. */
  private readonly bytes: Buffer;
  private readonly groups = new RowIndex(groupSectors);
  /** Of each group, the number of its contents. */
  private readonly groupNumbers: Int32Array;
  private readonly volumes: RowIndex;
  /** By the number of a volume's groups. */
  private readonly known: Interpretation[] = [];
  /** By canonical form. */
  private readonly forms = new Map<string, Interpretation>();

  constructor(disk: number, bytes: number, cells: Cells, contents: Contents) {
    this.disk = disk;
    this.cells = cells;
    this.contents = contents;
    this.readingCell = cells.special();
    this.changedCell = cells.special();
    const sectors = bytes / sectorBytes;
    this.sectorCells = Int32Array.from({ length: sectors }, (_, sector) => cells.of(disk, sector));
    this.sectorContents = new Int32Array(sectors);
    this.bytes = Buffer.alloc(bytes);
    const groups = sectors / groupSectors;
    this.groupNumbers = new Int32Array(groups);
    this.volumes = new RowIndex(groups);
    for (let group = 0; group < groups; group += 1) this.renumber(group);
  }

  has(cell: number): boolean {
    return this.cells.disk(cell) === this.disk && this.cells.sector(cell) < this.sectorCells.length;
  }

  controls(cell: number): boolean {
    return this.has(cell);
  }

  changedBy(): Iterable<number> {
    return untouched;
  }

  interpret(raw: RawContent): Interpretation {
    this.take(raw);
    const volume = this.volumes.number(this.groupNumbers);
    let reading = this.known[volume];
    if (reading === undefined) {
      reading = this.read();
      this.known[volume] = reading;
    }
    return reading;
  }

  /** Brings `bytes` up to a state. */
  private take(raw: RawContent): void {
    for (let sector = 0; sector < this.sectorCells.length; sector += 1) {
      const content = raw(this.sectorCells[sector] ?? 0);
      if (content === this.sectorContents[sector]) continue;
      this.sectorContents[sector] = content;
      this.contents.bytesOf(content).copy(this.bytes, sector * sectorBytes);
      this.renumber(Math.floor(sector / groupSectors));
    }
  }

  private renumber(group: number): void {
    this.groupNumbers[group] = this.groups.number(this.sectorContents, group * groupSectors);
  }

  private read(): Interpretation {
    const store = readVariableStore(this.bytes);
    if (store.kind === 'odd') return asItIs;
    const form = canonicalVariables(store).toString('latin1');
    let reading = this.forms.get(form);
    if (reading === undefined) {
      reading = {
        changed: untouched,
        changedNumber: 0,
        reading: this.forms.size + 1,
        raw: false,
        apply: () => 0,
      };
      this.forms.set(form, reading);
    }
    return reading;
  }
}

/** A volume that may mean anything is compared sector by sector; every canonical form has another number. */
const asItIs: Interpretation = {
  changed: untouched,
  changedNumber: 0,
  reading: 0,
  raw: true,
  apply: (_cell, content) => content,
};
