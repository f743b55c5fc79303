import { durabilityAt } from './durability.ts';
import type { LogRecord, WriteLog } from './log.ts';
import { emptyMap, mapToArena, type SectorMap, zeroed } from './sector-map.ts';

/** Which of the optional writes a cut left, and which one it tore. */
export type CrashShape =
  /** All of them: the disk's cache lost nothing (R0). */
  | { kind: 'prefix' }
  /** None of them, all but one, or only one (R1). */
  | { kind: 'lost'; keep: 'none' }
  | { kind: 'lost'; keep: 'all-but' | 'only'; seq: number }
  /** All of them, but of write `seq` only the first or the last sectors; `zero`: the rest reads as zeros (R2). */
  | { kind: 'torn'; seq: number; part: 'head' | 'tail' | 'zero'; sectors: number }
  /** All but those in `lost`, ascending (R3, R4). */
  | { kind: 'subset'; lost: readonly number[] };

/** One content of all disks that a power cut may leave: a moment in a write log and a shape. */
export interface CrashState {
  /** Requests with a tick below this had happened. */
  at: number;
  shape: CrashShape;
}

/** One line for people. */
export function describeState(log: WriteLog, { at, shape }: CrashState): string {
  const writes = log.records.filter((record) => record.kind !== 'flush');
  const issued = writes.filter((record) => record.issued < at).length;
  const where = `after write ${issued} of ${writes.length}`;
  if (shape.kind === 'prefix') return `${where}, nothing lost`;
  const name = (seq: number) => `write ${writes.findIndex((record) => record.seq === seq) + 1}`;
  const optional = durabilityAt(log, at).optional.length;
  if (shape.kind === 'torn') {
    const of = log.records[shape.seq]?.count ?? 0;
    const part = { head: 'only the first', tail: 'only the last', zero: 'zeros after the first' }[shape.part];
    return `${where}, ${name(shape.seq)} torn: ${part} ${shape.sectors} of ${of} sectors`;
  }
  if (shape.kind === 'subset')
    return `${where}, ${shape.lost.length} of ${optional} un-flushed writes lost: ${shape.lost.map((seq) => name(seq).slice(6)).join(', ')}`;
  if (shape.keep === 'none') return `${where}, all ${optional} un-flushed writes lost`;
  if (shape.keep === 'only')
    return `${where}, ${optional - 1} of ${optional} un-flushed writes lost, ${name(shape.seq)} kept`;
  return `${where}, ${name(shape.seq)} lost of ${optional} un-flushed`;
}

/**
 * The maps of all disks (in the log's order) in a crash state: the durable writes and the chosen optional
 * ones, applied in issue order. Throws RangeError when the shape names a write that is not optional then.
 */
export function stateMaps(log: WriteLog, state: CrashState): SectorMap[] {
  const { durable, optional } = durabilityAt(log, state.at);
  const { shape } = state;
  for (const seq of namedWrites(shape))
    if (!optional.some((record) => record.seq === seq))
      throw new RangeError(`write ${seq} is not un-flushed at ${state.at}`);
  const kept = optional.filter((record) => isKept(shape, record.seq));
  const maps = log.disks.map((disk) => emptyMap(disk.sectors));
  const inOrder = [...durable, ...kept].sort((a, b) => a.issued - b.issued);
  for (const record of inOrder) {
    const map = maps[record.disk];
    if (map !== undefined)
      apply(map, record, shape.kind === 'torn' && shape.seq === record.seq ? shape : undefined);
  }
  return maps;
}

/** The writes that a shape speaks of: each must be un-flushed at the cut. */
export function namedWrites(shape: CrashShape): readonly number[] {
  if (shape.kind === 'subset') return shape.lost;
  return 'seq' in shape ? [shape.seq] : [];
}

/** Which of the writes that were optional at the cut a shape loses wholly, ascending. */
export function lostWrites(shape: CrashShape, optional: readonly LogRecord[]): number[] {
  return optional.map(({ seq }) => seq).filter((seq) => !isKept(shape, seq));
}

function isKept(shape: CrashShape, seq: number): boolean {
  if (shape.kind === 'subset') return !shape.lost.includes(seq);
  if (shape.kind !== 'lost') return true;
  switch (shape.keep) {
    case 'none':
      return false;
    case 'only':
      return seq === shape.seq;
    case 'all-but':
      return seq !== shape.seq;
  }
}

function apply(map: SectorMap, record: LogRecord, torn: (CrashShape & { kind: 'torn' }) | undefined): void {
  if (torn === undefined) {
    put(map, record, 0, record.count);
  } else if (torn.part === 'tail') {
    put(map, record, record.count - torn.sectors, torn.sectors);
  } else {
    put(map, record, 0, torn.sectors);
    if (torn.part === 'zero') map.fill(zeroed, record.sector + torn.sectors, record.sector + record.count);
  }
}

function put(map: SectorMap, record: LogRecord, skip: number, count: number): void {
  const first = record.sector + skip;
  if (record.kind === 'write') mapToArena(map, first, count, record.arena + skip);
  else map.fill(zeroed, first, first + count);
}
