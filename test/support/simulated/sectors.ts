/** Bytes of a sector. */
export const sector = 512;

/** The bytes of the sectors that so many bytes take. */
export function roundUp(bytes: number): number {
  return Math.ceil(bytes / sector) * sector;
}

/** Content with zeros to the end of its last sector. */
export function padded(content: Buffer): Buffer {
  const data = Buffer.alloc(roundUp(content.length));
  content.copy(data);
  return data;
}
