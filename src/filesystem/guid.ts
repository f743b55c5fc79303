/** The text of the 16 bytes of a GUID, in upper case. UEFI specification, appendix A: the first three fields are little-endian. */
export function guidText(bytes: Buffer): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  return [
    hex(bytes.readUInt32LE(0), 8),
    hex(bytes.readUInt16LE(4), 4),
    hex(bytes.readUInt16LE(6), 4),
    bytes.toString('hex', 8, 10),
    bytes.toString('hex', 10, 16),
  ]
    .join('-')
    .toUpperCase();
}

/** The text of the 16 bytes of a UUID, in lower case, all fields big-endian, as file systems have it (RFC 9562, section 4). */
export function uuidText(bytes: Buffer): string {
  return [0, 4, 6, 8, 10, 16]
    .flatMap((end, i, ends) => (i === 0 ? [] : [bytes.toString('hex', ends[i - 1], end)]))
    .join('-');
}
